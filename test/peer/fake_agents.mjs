// npm @openai/agents-realtime: an agent with a tool, in a session over its WebSocket transport.
import { readFileSync } from 'node:fs';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

let called = '';
let bytes = 0;
const agent = new RealtimeAgent({
    name: 'assistant',
    instructions: 'You are kind.',
    tools: [
        tool({
            name: 'background_agent',
            description: 'Does work.',
            parameters: z.object({ prompt: z.string() }),
            execute: async ({ prompt }) => {
                called = prompt;
                return 'There are three files.';
            },
        }),
    ],
});
const model = 'gpt-realtime';
const transport = new OpenAIRealtimeWebSocket({ url: `${process.env.FAKE_URL}/v1/realtime?model=${model}`, model });
const session = new RealtimeSession(agent, { transport, model });
let turns = 0;

// With a silence that ends a turn also for semantic turn detection, which is what an agent has by default.
function speak(name) {
    const pcm = Buffer.concat([readFileSync(`${process.env.SPEECH}/${name}.wav`).subarray(44), Buffer.alloc(48000 * 8)]);
    for (let at = 0; at < pcm.length; at += 4800) {
        const piece = pcm.subarray(at, at + 4800);
        session.sendAudio(piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.length));
    }
}

session.on('error', (error) => {
    console.error(JSON.stringify(error));
    process.exit(1);
});
transport.on('audio', (event) => {
    bytes += event.data.byteLength;
});
transport.on('turn_done', () => {
    turns++;
    if (turns === 1) speak('hello');
    else if (turns === 2) speak('count');
    else if (called !== '' && turns === 4) {
        console.log(`turns=${turns} called=${called !== ''} audio=${bytes > 24000} history=${session.history.length > 3}`);
        session.close();
    }
});
await session.connect({ apiKey: 'sk-test-key' });
session.sendMessage('Say hello!');
