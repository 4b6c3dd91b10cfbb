// npm @openai/agents-realtime: its transport layer for WebSockets.
import { report, take } from './report.mjs';
import { OpenAIRealtimeWebSocket } from '@openai/agents-realtime';

const transport = new OpenAIRealtimeWebSocket({ url: process.env.BENCH_URL + '/realtime?model=x' });

transport.on('audio', (event) => take(event.data));
transport.on('connection_change', (status) => {
    if (status === 'disconnected') report();
});
transport.on('error', () => {});
await transport.connect({ apiKey: 'sk-bench', model: 'x' });
