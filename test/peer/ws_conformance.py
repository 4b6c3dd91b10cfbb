"""A server that is not ours (Debian's python3-websockets) drives ws_echo, which answers each message with the same
text, through a list of cases: fragments, control frames, UTF-8, close codes, sizes, reserved bits, opcodes, windows
and contexts of compression, wrong handshakes, silence. Faults are written to the socket as raw bytes. Prints TAP.

    ws_conformance.py PATH_OF_WS_ECHO
"""
import asyncio
import base64
import hashlib
import random
import re
import struct
import sys
import zlib

import websockets
from websockets.connection import State
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
RSV1, FIN = 0x40, 0x80
cases = []  # (title, what the server is like, what it does)


def case(title, **server):
    def keep(play):
        cases.append((title, server, play))
        return play
    return keep


def frame(first, payload=b""):
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def fragments(text, *cuts):
    """The frames of a text message, cut at these places."""
    cuts = [0, *cuts, len(text)]
    last = len(cuts) - 2
    return [frame((FIN if i == last else 0) | (1 if i == 0 else 0), text[cuts[i]:cuts[i + 1]]) for i in range(last + 1)]


def fnv(data):
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def deflate(text, bits=15, **more):
    made = zlib.compressobj(9, zlib.DEFLATED, -bits, **more)
    return (made.compress(text) + made.flush(zlib.Z_SYNC_FLUSH))[:-4]


def expect(got, wanted):
    if got != wanted:
        raise AssertionError("got %.120r, expected %.120r" % (got, wanted))


class Peer:
    """The server's side of one link."""

    def __init__(self, socket):
        self.socket = socket

    async def raw(self, *pieces, slowly=False):
        for piece in pieces:
            if self.socket.state is not State.OPEN:
                return  # the client has had enough
            for at in range(len(piece)) if slowly else [slice(None)]:
                self.socket.transport.write(piece[at:at + 1] if slowly else piece)
                await asyncio.sleep(0)

    async def hears(self, *wanted):
        for text in wanted:
            expect(await self.socket.recv(), text)

    async def echoes(self, message, **how):
        await self.socket.send(message, **how)
        if message == "":
            message = "(empty)"
        if isinstance(message, bytes):
            message = "(binary %d bytes, fnv %08x)" % (len(message), fnv(message))
        await self.hears(message)

    async def closed_with(self, code, reason=None):
        """The client has to close like this; what it said before is of no interest."""
        try:
            while True:
                await self.socket.recv()
        except websockets.ConnectionClosed:
            pass
        close = self.socket.close_rcvd
        expect(close.code if close else None, code)
        if reason is not None:
            expect(close.reason, reason)


# ---- messages of all sizes, whole and in fragments ------------------------------------------------

for compression in None, "deflate":
    name = "compressed, " if compression else ""
    for length in 0, 1, 125, 126, 127, 128, 4095, 4096, 4097, 65535, 65536, 65537, 1 << 20:
        @case("%sa text of %d bytes" % (name, length), compression=compression)
        async def play(peer, length=length):
            await peer.echoes(("*ä€😀"[length % 4 // 4] * length)[:length])
    for length in 0, 1, 126, 65536, 1 << 20:
        @case("%sa binary message of %d bytes" % (name, length), compression=compression)
        async def play(peer, length=length):
            await peer.echoes(random.Random(length).randbytes(length))

    @case("%sa text of 200,000 bytes in pieces of 1,000" % name, compression=compression)
    async def play(peer):
        async def pieces():
            for i in range(200):
                yield "%010d" % i * 100
        await peer.socket.send(pieces())
        await peer.hears("".join("%010d" % i * 100 for i in range(200)))

    @case("%sa hundred messages one behind the other" % name, compression=compression)
    async def play(peer):
        texts = ["%d %s" % (i, "so" * (i * i)) for i in range(100)]
        for text in texts:
            await peer.socket.send(text)
        await peer.hears(*texts)

    @case("%spings within and between messages are answered, with what they hold" % name, compression=compression)
    async def play(peer):
        for size in 0, 1, 124, 125:
            waiter = await peer.socket.ping(bytes(range(size)))
            await peer.echoes("between " * 50)
            await asyncio.wait_for(waiter, 2)

for cut in range(6):
    @case("a text cut at %d, with a ping in between" % cut)
    async def play(peer, cut=cut):
        first, second = fragments(b"hello", cut)
        await peer.raw(first)
        waiter = await peer.socket.ping(b"within")
        await asyncio.wait_for(waiter, 2)
        await peer.raw(second)
        await peer.hears("hello")


@case("every byte by itself")
async def play(peer):
    await peer.raw(*fragments(b"hello", 1, 2, 2, 5), frame(PING, b"p"), frame(TEXT, b"x" * 200), slowly=True)
    await peer.hears("hello", "x" * 200)


@case("pongs nobody asked for are nothing")
async def play(peer):
    await peer.raw(frame(PONG), frame(PONG, b"x" * 125), frame(1, b"a"), frame(PONG), frame(FIN, b"b"))
    await peer.hears("ab")


# ---- UTF-8 -----------------------------------------------------------------------------------------

for text in "κόσμε", "\0", "\x7f\x80\u07ff\u0800\uffff", "\U00010000\U0010ffff", "\ud7ff\ue000\ufffd", "a€😀z":
    @case("UTF-8 at every cut: %s" % ascii(text))
    async def play(peer, text=text):
        data = text.encode()
        for cut in range(len(data) + 1):
            await peer.raw(*fragments(data, cut))
            await peer.hears(text)
        await peer.raw(*fragments(data, *range(len(data))))
        await peer.hears(text)

bad = [b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xe2\x82", b"\xed\xa0\x80",
       b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
       b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xc3\x28", b"\xe2\x28\xa1"]
for data in bad:
    @case("not UTF-8: %s" % data.hex(" "), ends="ERR_UTF8")
    async def play(peer, data=data):
        await peer.raw(frame(TEXT, b"ok" + data))
        await peer.closed_with(1007)

    @case("not UTF-8, each byte a fragment: %s" % data.hex(" "), ends="ERR_UTF8")
    async def play(peer, data=data):
        await peer.raw(*fragments(data, *range(1, len(data))))
        await peer.closed_with(1007)

    @case("not UTF-8, compressed: %s" % data.hex(" "), ends="ERR_UTF8", compression="deflate")
    async def play(peer, data=data):
        await peer.raw(frame(TEXT | RSV1, deflate(b"ok" + data)))
        await peer.closed_with(1007)


@case("not UTF-8 is noticed before the message ends", ends="ERR_UTF8")
async def play(peer):
    await peer.raw(frame(1, b"ok\xff"))
    await peer.closed_with(1007)


# ---- what breaks the protocol -------------------------------------------------------------------------

plain = {
    "reserved bits %d" % bits: frame(TEXT | bits << 4, b"x") for bits in range(1, 8)}
plain.update({"reserved bits %d on a ping" % bits: frame(PING | bits << 4) for bits in (1, 4, 7)})
plain.update({"opcode %d" % code: frame(FIN | code) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)})
plain.update({
    "opcode 5 within a message": frame(1, b"a") + frame(FIN | 5, b"b"),
    "a masked text": b"\x81\x81\x01\x02\x03\x04a",
    "a masked ping": b"\x89\x80\x01\x02\x03\x04",
    "a masked close": b"\x88\x82\x00\x00\x00\x00\x03\xe8",
    "a ping of 126 bytes": frame(PING, b"x" * 126),
    "a pong of 126 bytes": frame(PONG, b"x" * 126),
    "a close of 126 bytes": frame(CLOSE, b"\x03\xe8" + b"x" * 124),
    "a fragmented ping": frame(9, b"x"),
    "a fragmented close": frame(8, b"\x03\xe8"),
    "a continuation of nothing": frame(FIN, b"x"),
    "a continuation of nothing that goes on": frame(0, b"x"),
    "a continuation behind a message": frame(TEXT, b"x") + frame(FIN, b"x"),
    "a text within a text": frame(1, b"a") + frame(TEXT, b"b"),
    "a binary message within a text": frame(1, b"a") + frame(BINARY, b"b"),
    "a length in two bytes that needs one": b"\x81\x7e\x00\x01x",
    "a length in eight bytes that needs two": b"\x81\x7f" + struct.pack("!Q", 200) + b"x" * 200,
    "a length with its highest bit": b"\x81\x7f\x80" + bytes(7),
    "half a close code": frame(CLOSE, b"\x03"),
})
squeezed = {
    "reserved bits 3": frame(TEXT | 3 << 4),
    "reserved bits 5": frame(TEXT | 5 << 4),
    "a compressed ping": frame(PING | RSV1),
    "a compressed close": frame(CLOSE | RSV1, b"\x03\xe8"),
    "a compressed continuation": frame(1 | RSV1, b"\xf2") + frame(FIN | RSV1, b"\x00"),
    "a compressed continuation of a message that is not": frame(1, b"a") + frame(FIN | RSV1, b"\x00"),
}
for compression, wrong in (None, plain), ("deflate", squeezed):
    for title, data in wrong.items():
        @case("1002 for %s" % title, ends="ERR_PROTOCOL", compression=compression)
        async def play(peer, data=data):
            await peer.echoes("first")
            await peer.raw(data, frame(TEXT, b"never"))
            await peer.closed_with(1002)

for code in 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999:
    for reason in b"", b"why not", b"x" * 123, "😀".encode() * 30:
        @case("close %d with %d bytes of reason is echoed" % (code, len(reason)))
        async def play(peer, code=code, reason=reason):
            await peer.raw(frame(CLOSE, struct.pack("!H", code) + reason), frame(TEXT, b"never"))
            await peer.closed_with(code, "")

for code in 0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535:
    @case("close %d may not be" % code, ends="ERR_PROTOCOL")
    async def play(peer, code=code):
        await peer.raw(frame(CLOSE, struct.pack("!H", code)))
        await peer.closed_with(1002)


@case("a close without a code is answered without one")
async def play(peer):
    await peer.raw(frame(CLOSE))
    await peer.closed_with(1005)


@case("a close with a reason that is no UTF-8", ends="ERR_UTF8")
async def play(peer):
    await peer.raw(frame(CLOSE, b"\x03\xe8ok\xff"))
    await peer.closed_with(1007)


@case("a close within a message")
async def play(peer):
    await peer.raw(frame(1, b"half"), frame(CLOSE, b"\x03\xe9"))
    await peer.closed_with(1001)


@case("what came before a close is answered")
async def play(peer):
    await peer.raw(frame(TEXT, b"a"), frame(TEXT, b"b"), frame(CLOSE, b"\x03\xe8"))
    await peer.closed_with(1000)


# ---- compression ----------------------------------------------------------------------------------------

def windows(server, client, server_alone, client_alone):
    return ServerPerMessageDeflateFactory(
        server_no_context_takeover=server_alone, client_no_context_takeover=client_alone,
        server_max_window_bits=server, client_max_window_bits=client, compress_settings={"memLevel": 9})


talk = ["{\"type\":\"response.audio.delta\",\"delta\":\"%s\"}" % base64.b64encode(random.Random(i).randbytes(900 * i)).decode()
        for i in range(1, 5)] + ["short", "", "again and again " * 3000, "short"]
modes = [(bits, bits, alone & 1 > 0, alone & 2 > 0) for bits in range(9, 16) for alone in range(4)]
for mode in modes + [(None, None, False, False), (15, 9, False, False), (9, 15, False, False)]:
    @case("compressed, windows %s and %s, alone %d and %d" % mode, extensions=[windows(*mode)])
    async def play(peer):
        for text in talk + talk:
            await peer.echoes(text)
        await peer.socket.send(text[i:i + 7] for text in ["fragments " * 100] for i in range(0, 1000, 7))
        await peer.hears("fragments " * 100)


@case("messages that are not compressed in between", compression="deflate")
async def play(peer):
    for i in range(4):
        await peer.echoes("compressed " * 100)
        await peer.raw(frame(TEXT, b"plain"))
        await peer.hears("plain")


@case("declined, it does without", compression=None)
async def play(peer):
    expect(peer.socket.extensions, [])
    expect("permessage-deflate" in peer.socket.request_headers["Sec-WebSocket-Extensions"], True)
    await peer.echoes("long enough to be worth it " * 100)


@case("not offered, it does without", compression="deflate", mode="off")
async def play(peer):
    expect("Sec-WebSocket-Extensions" in peer.socket.request_headers, False)
    expect(peer.socket.extensions, [])
    await peer.echoes("long enough to be worth it " * 100)


@case("ours are compressed", compression="deflate")
async def play(peer):
    # How many bytes come is not told by the library; what it inflates is.
    inflated = []
    decode = peer.socket.extensions[0].decode
    peer.socket.extensions[0].decode = lambda frame, **more: (inflated.append((frame.rsv1, len(frame.data))),
                                                               decode(frame, **more))[1]
    await peer.echoes("long enough to be worth it " * 100)
    await peer.echoes("not so long")
    expect(inflated[0][0] and inflated[0][1] < 300, True)
    expect(inflated[1], (False, 11))

for title, data in {
        "a block with a last bit": b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        "two blocks": bytes.fromhex("f248050000 00ffffcac9c90700"),
        "a stored block": b"\x00\x05\x00\xfa\xffHello\x00",
        "level 1": deflate(b"Hello", memLevel=1), "fixed codes": deflate(b"Hello", strategy=zlib.Z_FIXED),
        "no matches": deflate(b"Hello", strategy=zlib.Z_HUFFMAN_ONLY)}.items():
    @case("compressed: %s" % title, compression="deflate")
    async def play(peer, data=data):
        await peer.raw(frame(TEXT | RSV1, data), frame(1 | RSV1, data[:3]), frame(PING), frame(FIN, data[3:]))
        await peer.hears("Hello", "Hello")

for title, data in {"no deflate": b"\x07", "cut": deflate(b"Hello")[:-3], "with its tail": deflate(b"Hello") + b"\0\0\xff\xff",
                    "looking back too far": b"\xf2\x00\x11\x00\x00"}.items():
    @case("compressed and wrong: %s" % title, compression="deflate", ends="ERR_PROTOCOL")
    async def play(peer, data=data):
        await peer.raw(frame(TEXT | RSV1, data))
        await peer.closed_with(1007)


@case("a bomb of 64 MB", compression="deflate", ends="ERR_TOO_LONG")
async def play(peer):
    await peer.raw(frame(TEXT | RSV1, deflate(bytes(64 << 20))))
    await peer.closed_with(1009, "a compressed message is too long")


@case("a bomb in fragments that never end", compression="deflate", ends="ERR_TOO_LONG")
async def play(peer):
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    for i in range(64):
        await peer.raw(frame(1 | RSV1 if i == 0 else 0, made.compress(bytes(1 << 20)) + made.flush(zlib.Z_SYNC_FLUSH)))
    await peer.closed_with(1009)


# ---- links without the library --------------------------------------------------------------------------

def handshake(title, ends, says, extra="", silence=None):
    """A server that answers the upgrade with these further headers, and then only listens."""
    cases.append((title, {"extra": extra, "ends": ends, "says": says, "silence": silence}, None))


asked = "Sec-WebSocket-Extensions: permessage-deflate"
for parameters, says in {
        "; foo": r"unknown parameter \(foo\)", "; server_max_window_bits=16": "window that is not 8 to 15",
        "; server_max_window_bits=7": "window that is not 8 to 15", "; client_max_window_bits": "window that is not 8 to 15",
        "; client_max_window_bits=abc": "window that is not 8 to 15",
        "; server_no_context_takeover=1": "gives a value to a parameter that has none",
        "; client_no_context_takeover; client_no_context_takeover": "has a parameter twice",
        ", permessage-deflate": "sets an extension twice", ", x-foo": r"nobody asked for \(x-foo\)",
        "\r\nSec-WebSocket-Extensions: permessage-deflate": "sets an extension twice"}.items():
    handshake("wrong answer %s" % ascii(parameters), "ERR_HTTP", says, asked + parameters + "\r\n")
handshake("an extension nobody asked for", "ERR_HTTP", r"nobody asked for \(x-foo\)", "Sec-WebSocket-Extensions: x-foo\r\n")
handshake("a service that falls silent", "ERR_LOST", "fallen silent: it did not answer a ping within 150 ms", silence=150)


async def listen(reader, writer, extra):
    request = await reader.readuntil(b"\r\n\r\n")
    key = re.search(rb"Sec-WebSocket-Key: (.*)\r", request).group(1)
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n%s\r\n" % (accept, extra)).encode())
    while await reader.read(1000):
        pass
    writer.close()


# ---- the run ----------------------------------------------------------------------------------------------

async def echo(program, port, server):
    mode = [server.get("mode", "auto")] + ([str(server["silence"])] if server.get("silence") else [])
    process = await asyncio.create_subprocess_exec(program, "ws://127.0.0.1:%d" % port, *mode,
                                                   stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 10)
    except asyncio.TimeoutError:
        process.kill()
        raise AssertionError("ws_echo does not end")
    return output.decode()


async def run(program, server, play):
    """One case: raises what went wrong."""
    done = asyncio.get_running_loop().create_future()

    async def serve(socket, *_):
        try:
            await asyncio.wait_for(play(Peer(socket)), 8)
            await socket.close(1000)
            done.set_result(None)
        except Exception as problem:  # pylint: disable=broad-except
            done.set_exception(problem)

    if play is None:
        listening = await asyncio.start_server(lambda r, w: listen(r, w, server["extra"]), "127.0.0.1", 0)
        done.set_result(None)
    else:
        listening = await websockets.serve(
            serve, "127.0.0.1", 0, compression=server.get("compression"), extensions=server.get("extensions"),
            max_size=1 << 23, ping_interval=None, close_timeout=2)
    sockets = listening.sockets if play is None else listening.server.sockets
    output = await echo(program, sockets[0].getsockname()[1], server)
    listening.close()
    await asyncio.wait_for(done, 10)
    wanted = server.get("ends", "ERR_PEER_CLOSED") + " .*" + server.get("says", "")
    if not re.match(wanted, output):
        raise AssertionError("ws_echo said %r, expected %r" % (output, wanted))


async def main(program):
    failed = 0
    todo = list(enumerate(cases, 1))

    async def worker():
        nonlocal failed
        while todo:
            number, (title, server, play) = todo.pop(0)
            try:
                await run(program, server, play)
                print("ok %d - %s" % (number, title))
            except Exception as problem:  # pylint: disable=broad-except
                failed += 1
                print("not ok %d - %s\n# %s: %s" % (number, title, type(problem).__name__, problem))

    print("1..%d" % len(cases))
    await asyncio.gather(worker(), worker(), worker())
    return 1 if failed else 0

sys.exit(asyncio.run(main(sys.argv[1])))
