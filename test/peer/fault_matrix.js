// The service of fault_matrix.py behind the npm package ws (Debian: node-ws): it opens a session and then does what
// the URL's ?case= says. Prints "port ws N" and "port wss N", then for each link "saw CASE ..." when it is over.
//
//     node fault_matrix.js CERTIFICATE KEY
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const { WebSocketServer } = require('ws');

const MESSAGES = 20;
const PINGS = 100000;

// n pings, never many of them in node's own memory; resolves with how many pongs came once the last was answered
function ping(socket, n) {
  let pongs = 0;
  let sent = 0;
  return new Promise((done) => {
    socket.on('pong', (data) => {
      pongs++;
      if (String(data) === String(n)) done(pongs);
    });
    (function more() {
      for (let i = 0; i < 1000 && sent < n; i++) socket.ping(String(++sent));
      if (sent < n) setImmediate(more);
    })();
  });
}

const cases = {
  good(socket) {
    for (let i = 0; i < MESSAGES; i++)
      socket.send(JSON.stringify({ type: 'response.output_text.delta', delta: `word ${i} `.repeat(50) }));
    socket.close(1000, 'done');
  },
  code(socket, code) { socket.close(Number(code), 'as asked'); },
  no_code(socket) { socket.close(); },
  vanish(socket) { socket.terminate(); },
  reset(socket) { socket._socket.resetAndDestroy(); },
  half(socket) { socket._socket.end(); },
  silent(socket) { socket._socket.pause(); },
  wait() {}, // pings are answered by the library, and nothing is said
  oversized(socket) {
    socket.send(JSON.stringify({ type: 'response.output_text.delta', delta: 'x'.repeat(1 << 20) }));
    socket.close(1000, 'done');
  },
  bomb(socket) { socket.send('0'.repeat(64 << 20)); },
  bomb_in_pieces(socket) {
    for (let i = 0; i < 64; i++) socket.send('0'.repeat(1 << 20), { fin: false });
  },
  async pings(socket) {
    const pongs = await ping(socket, PINGS);
    socket.say = `${pongs} pongs`;
    socket.close(1000, 'done');
  },
};

function serve(socket, request) {
  const asked = new URL(request.url, 'ws://x').searchParams;
  const name = asked.get('case');
  socket.on('error', () => {}); // a client that leaves is what most rows are about
  socket.on('close', (code, reason) => console.log(`saw ${asked.get('row')} closed ${code} ${reason} ${socket.say || ''}`));
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type !== 'session.update') return;
    socket.send(JSON.stringify({ type: 'session.created', session: { id: 's' } }));
    socket.send(JSON.stringify({ type: 'session.updated', session: { id: 's', instructions: 'i' } }));
    cases[name](socket, asked.get('code'));
  });
}

function listen(name, server) {
  const allowed = ({ req }, answer) => answer(!req.url.includes('case=refused'), 401, 'Unauthorized');
  new WebSocketServer({ server, verifyClient: allowed, perMessageDeflate: { threshold: 0 } }).on('connection', serve);
  server.listen(0, '127.0.0.1', () => console.log(`port ${name} ${server.address().port}`));
}

listen('ws', http.createServer());
listen('wss', https.createServer({ cert: fs.readFileSync(process.argv[2]), key: fs.readFileSync(process.argv[3]) }));
