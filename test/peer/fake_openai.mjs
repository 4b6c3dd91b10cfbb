// npm openai, as its own documentation uses it: a typed turn, a spoken one, an error that is answered.
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const client = new OpenAI({ apiKey: 'sk-test-key', baseURL: process.env.FAKE_URL.replace('ws', 'http') + '/v1' });
const realtime = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client);
const heard = [];
let words = '';
let bytes = 0;
let turns = 0;

realtime.on('event', (event) => heard.push(event.type));
realtime.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
});
realtime.on('session.created', () =>
    realtime.send({
        type: 'session.update',
        session: {
            type: 'realtime',
            output_modalities: ['audio'],
            instructions: 'Speak briefly.',
            audio: {
                input: {
                    format: { type: 'audio/pcm', rate: 24000 },
                    transcription: { model: 'gpt-4o-mini-transcribe' },
                    turn_detection: { type: 'server_vad', silence_duration_ms: 500 },
                },
                output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'marin' },
            },
        },
    }),
);
realtime.on('session.updated', () => {
    realtime.send({
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Say hello!' }] },
    });
    realtime.send({ type: 'response.create' });
});
realtime.on('response.output_audio.delta', (event) => {
    bytes += Buffer.from(event.delta, 'base64').length;
});
realtime.on('response.output_audio_transcript.delta', (event) => {
    words += event.delta;
});
realtime.on('response.done', (event) => {
    if (event.response.status !== 'completed') throw new Error(event.response.status);
    turns++;
    if (turns === 2) {
        console.log(`turns=${turns} words=${words.length > 0} audio=${bytes > 24000} spoken=${heard.includes('input_audio_buffer.committed')}`);
        realtime.close();
        return;
    }
    const pcm = Buffer.concat([readFileSync(process.env.SPEECH).subarray(44), Buffer.alloc(48000)]);
    for (let at = 0; at < pcm.length; at += 4800)
        realtime.send({ type: 'input_audio_buffer.append', audio: pcm.subarray(at, at + 4800).toString('base64') });
});
