"""The peers of fault_matrix.py, none of them ours: npm's ws (fault_matrix.js), python3-websockets, haproxy, OpenSSL's
s_server, and one that writes whatever bytes a row wants. Each has start(row), which returns the arguments of the host,
saw(), which tells what it saw of it, and stop().
"""
import asyncio
import base64
import hashlib
import os
import re
import shutil
import socket
import ssl
import struct

import websockets

directory = "."  # where the certificates are


class Skip(Exception):
    """A row that cannot be played here, and why."""


def path(name):
    return os.path.join(directory, name)


def trust():
    return ["ca_file=" + path("ca.pem")]


class Peer:
    async def start(self, _row):
        return []

    async def saw(self):
        return ""

    async def stop(self):
        pass


class Nobody(Peer):
    """A port at which nobody listens, or one that answers no SYN: its queue is full and nobody accepts."""

    def __init__(self, deaf=False, family=socket.AF_INET):
        self.deaf, self.family, self.sockets = deaf, family, []

    def open(self):
        host = "127.0.0.1" if self.family == socket.AF_INET else "::1"
        try:
            listener = socket.socket(self.family)
            listener.bind((host, 0))
        except OSError as error:
            raise Skip("no address %s here: %s" % (host, error)) from error
        self.sockets = [listener]
        if self.deaf:
            listener.listen(0)
            for _ in range(4):
                filler = socket.socket(self.family)
                filler.settimeout(0.1)
                self.sockets.append(filler)
                try:
                    filler.connect(listener.getsockname()[:2])
                except OSError:
                    break  # from here on it is deaf
            else:
                raise Skip("a full queue of connections still answers here")
        return ("[%s]:%d" if ":" in host else "%s:%d") % (host, listener.getsockname()[1]), host

    async def start(self, _row):
        address, _ = self.open()
        return ["ws://%s/v1" % address]

    async def stop(self):
        for one in self.sockets:
            one.close()


class Link:
    """The service's side of one link, in raw bytes."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.key = reader, writer, b""

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data, seconds=0.02):
        for i in range(len(data)):
            await self.send(data[i:i + 1])
            await asyncio.sleep(seconds)

    async def request(self):
        text = await self.reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (.*)\r", text)
        self.key = key.group(1) if key else b""

    def answer(self, accept=None, more=b""):
        right = base64.b64encode(hashlib.sha1(self.key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        return (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + (accept or right) + b"\r\n" + more + b"\r\n")

    async def frame(self):
        """The first byte and the payload of the client's next frame."""
        first, size = await self.reader.readexactly(2)
        size &= 127
        if size == 126:
            size = struct.unpack("!H", await self.reader.readexactly(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", await self.reader.readexactly(8))[0]
        mask = await self.reader.readexactly(4)
        data = await self.reader.readexactly(size)
        return first, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))

    async def upgrade(self):
        await self.request()
        await self.send(self.answer())

    async def session(self):
        await self.upgrade()
        await self.frame()
        await self.send(frame(0x81, CREATED) + frame(0x81, UPDATED))

    async def silent(self):
        """Reads what comes until the client leaves."""
        while await self.reader.read(65536):
            pass

    async def reset(self):
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def end(self):
        self.writer.close()

    async def half(self):
        """Says no more, but listens on."""
        await self.writer.drain()
        self.writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        await self.silent()


def frame(first, payload=b""):
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    return struct.pack("!BBH", first, 126, len(payload)) + payload


def http(status, body=b"", more=b""):
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(body), body)


def endless(piece):
    async def go_on(link):
        sent = 0
        while sent < 64 << 20:
            await link.send(piece)
            sent += len(piece)
    return go_on


CREATED = b'{"type":"session.created","session":{"id":"s"}}'
UPDATED = b'{"type":"session.updated","session":{"id":"s","instructions":"i"}}'


class Raw(Peer):
    """Lets `play` have the link. `tls`: it has shaken hands; with the scheme wss alone it has not. As a proxy it is
    asked for ws://127.0.0.1:1."""

    def __init__(self, play, tls=False, scheme=None, proxy=False):
        self.play, self.tls, self.scheme, self.proxy = play, tls, scheme or ("wss" if tls else "ws"), proxy
        self.server, self.told = None, None

    async def serve(self, reader, writer):
        try:
            told = await asyncio.wait_for(self.play(Link(reader, writer)), 30)
        except (OSError, asyncio.IncompleteReadError):
            told = "the client is gone"
        except Exception as problem:  # pylint: disable=broad-except
            told = "%s: %s" % (type(problem).__name__, problem)
        writer.close()
        if not self.told.done():
            self.told.set_result(told or "")

    async def start(self, _row):
        context = None
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path("good.pem"), path("good.key"))
        self.told = asyncio.get_running_loop().create_future()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
        port = self.server.sockets[0].getsockname()[1]
        if self.proxy:
            return ["ws://127.0.0.1:1/v1", "proxy=http://127.0.0.1:%d" % port]
        return ["%s://localhost:%d/v1" % (self.scheme, port), "address=127.0.0.1:%d" % port] + trust()

    async def saw(self):
        return await asyncio.wait_for(self.told, 5)

    async def stop(self):
        self.server.close()


class Command(Peer):
    """A program; `ready` finds the port in what it prints."""

    ready = r"ACCEPT .*:(\d+)"
    process = None

    async def launch(self, *command, **more):
        if shutil.which(command[0]) is None:
            raise Skip("there is no " + command[0])
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, **more)

    async def line(self, pattern):
        while True:
            text = (await asyncio.wait_for(self.process.stdout.readline(), 10)).decode()
            found = re.search(pattern, text)
            if found:
                return found.group(1)
            if not text:
                raise AssertionError("the peer ended before it said %s" % pattern)

    async def stop(self):
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


class SServer(Command):
    """OpenSSL's; with -www it answers any request with an HTML page, without it says nothing."""

    def __init__(self, certificate, *more):
        self.certificate, self.more = certificate, more

    async def start(self, _row):
        await self.launch("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", path(self.certificate + ".pem"), "-key",
                          path(self.certificate + ".key"), *self.more)
        port = await self.line(self.ready)
        return ["wss://localhost:%s/v1" % port, "address=127.0.0.1:" + port] + trust()


class Ws(Command):
    """npm's ws in one process for all rows: `case` is a function of fault_matrix.js."""

    shared, ports, words = None, {}, {}

    def __init__(self, case, scheme="ws", addresses=()):
        self.case, self.scheme, self.addresses, self.row = case, scheme, addresses, None

    @classmethod
    async def begin(cls):
        cls.shared = Command()
        await cls.shared.launch("node", "test/peer/fault_matrix.js", path("good.pem"), path("good.key"),
                                env=dict(os.environ, NODE_PATH="/usr/share/nodejs"))
        try:
            for name in "ws", "wss":
                cls.ports[name] = await cls.shared.line("port %s (.*)" % name)
        except AssertionError as none:
            raise Skip("there is no node-ws") from none
        asyncio.create_task(cls.collect())

    @classmethod
    async def collect(cls):
        while line := (await cls.shared.process.stdout.readline()).decode().split(" ", 2):
            if len(line) < 3:
                return
            cls.words[line[1]].set_result(line[2].strip())

    async def start(self, row):
        if not self.ports:
            raise Skip("there is no node-ws")
        self.row = str(row.number)
        self.words[self.row] = asyncio.get_running_loop().create_future()
        addresses = [one.open()[0] for one in self.addresses] + ["127.0.0.1:" + self.ports[self.scheme]]
        return ["%s://localhost:%s/v1?case=%s&row=%s" % (self.scheme, self.ports[self.scheme], self.case, self.row),
                *("address=" + one for one in addresses)] + trust()

    async def saw(self):
        return await asyncio.wait_for(self.words[self.row], 5)

    async def stop(self):
        for one in self.addresses:
            await one.stop()


class Haproxy(Command):
    """haproxy in front of ws, in one process for all rows: `case` picks a rule, or is one of ws."""

    shared, port = None, None
    settings = """
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server 500ms
    timeout tunnel 500ms
frontend front
    bind fd@%d ssl crt %s
    http-request redirect location https://login.test/?token=sesame code 301 if { url_param(case) 301 }
    http-request return status 401 content-type application/json string '{"error":{"message":"no such key: sk-1"}}' if { url_param(case) 401 }
    http-request return status 429 content-type application/json string '{"error":{"message":"slow down"}}' hdr Retry-After 7 if { url_param(case) 429 }
    http-request return status 500 content-type text/html file %s if { url_param(case) 500 }
    use_backend nobody if { url_param(case) 503 }
    use_backend silent if { url_param(case) 504 }
    default_backend ws
backend ws
    server one 127.0.0.1:%s
backend nobody
backend silent
    server one 127.0.0.1:%d
"""

    def __init__(self, case):
        self.case = case

    @classmethod
    async def begin(cls):
        front, silent = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        cls.silent = silent  # connections wait in its queue, and nobody takes them
        with open(path("page"), "w", encoding="ascii") as page:
            page.write("<h1>Something broke</h1>\n" + "<p>and so on\n" * 800)
        with open(path("haproxy.conf"), "w", encoding="ascii") as conf:
            conf.write(cls.settings % (front.fileno(), path("good-both.pem"), path("page"), Ws.ports.get("ws", "1"),
                                       silent.getsockname()[1]))
        cls.shared = Command()
        await cls.shared.launch("haproxy", "-db", "-f", path("haproxy.conf"), pass_fds=[front.fileno()])
        cls.port = str(front.getsockname()[1])
        front.close()

    async def start(self, row):
        if self.port is None:
            raise Skip("there is no haproxy")
        if not self.case.isdigit() and not Ws.ports:
            raise Skip("there is no node-ws behind haproxy")
        if self.shared.process.returncode is not None:
            raise AssertionError("haproxy has ended")
        Ws.words[str(row.number)] = asyncio.get_running_loop().create_future()
        return ["wss://localhost:%s/v1?case=%s&row=%d" % (self.port, self.case, row.number),
                "address=127.0.0.1:" + self.port] + trust()


class Sockets(Peer):
    """python3-websockets; `play` has its connection, once the session is up."""

    def __init__(self, play=None, **more):
        self.play, self.more, self.server = play, more, None

    async def serve(self, link, *_):
        try:
            await link.recv()
            await link.send(CREATED.decode())
            await link.send(UPDATED.decode())
            await self.play(link)
        except websockets.ConnectionClosed:
            pass

    async def start(self, _row):
        self.server = await websockets.serve(self.serve, "127.0.0.1", 0, ping_interval=None, max_size=None, close_timeout=2,
                                             **self.more)
        return ["ws://127.0.0.1:%d/v1" % self.server.sockets[0].getsockname()[1]]

    async def stop(self):
        self.server.close()


class NameServer(Peer):
    """One that says nothing, or a port at which nobody is. It has to be port 53."""

    def __init__(self, there):
        self.there, self.socket = there, None

    async def start(self, _row):
        address = "127.53.53.%d" % (1 if self.there else 2)
        if self.there:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.socket.bind((address, 53))
            except OSError as error:
                raise Skip("port 53 cannot be had: %s" % error) from error
        with open(path(address), "w", encoding="ascii") as conf:
            conf.write("nameserver %s\n" % address)
        return ["ws://service.test/v1", "resolv_conf=" + path(address)]

    async def stop(self):
        if self.socket is not None:
            self.socket.close()
