// npm openai: OpenAIRealtimeWS, which is for wss alone.
import { report, take } from './report.mjs';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'sk-bench', baseURL: process.env.BENCH_URL.replace('ws', 'http') });
const realtime = new OpenAIRealtimeWS({ model: 'x' }, client);

realtime.on('response.output_audio.delta', (event) => take(Buffer.from(event.delta, 'base64')));
realtime.on('error', (error) => console.error(`openai: ${error.message}`));
realtime.socket.on('close', () => report());
