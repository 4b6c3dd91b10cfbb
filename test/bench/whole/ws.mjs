// npm ws alone, as it is used by hand.
import { report, take } from './report.mjs';
import WebSocket from 'ws';

const socket = new WebSocket(process.env.BENCH_URL + '/realtime?model=x', { headers: { Authorization: 'Bearer sk-bench' }, perMessageDeflate: false });

socket.on('message', (data) => {
    const event = JSON.parse(data);
    if (event.type === 'response.output_audio.delta') take(Buffer.from(event.delta, 'base64'));
});
socket.on('close', () => report());
socket.on('error', (error) => console.error(`ws: ${error.message}`));
