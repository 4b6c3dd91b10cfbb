// What every client in JavaScript does with an event's audio: it counts the samples and how long ago they were
// sent, which the runner tells in the first of them.
const late = [];
let samples = 0;

export function take(pcm) {
    const view = Buffer.from(pcm.buffer ?? pcm, pcm.byteOffset ?? 0, pcm.byteLength);
    samples += view.length / 2;
    late.push(Number(process.hrtime.bigint() - view.readBigUInt64LE(0)) / 1000);
}

export function report() {
    late.sort((a, b) => a - b);
    const at = (part) => Math.round(late[Math.floor(late.length * part)] ?? 0);
    console.log(`samples=${samples} p50_us=${at(0.5)} p99_us=${at(0.99)} p999_us=${at(0.999)}`);
}
