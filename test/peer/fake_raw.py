"""Raw bytes against `parley fake`: requests that are wrong in every way, frames that break RFC 6455, clients that
say nothing, or do not listen. Prints TAP.

    fake_raw.py PATH_OF_PARLEY
"""
import os
import re
import signal
import socket
import struct
import subprocess
import sys

FIN, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = ["Host: x", "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Key: " + KEY,
           "Sec-WebSocket-Version: 13", "Authorization: Bearer sk-test"]
LIMIT = 24 * 1024 * 1024
checks = 0


def check(title, fine, more=""):
    global checks
    checks += 1
    print("%sok %d - %s" % ("" if fine else "not ", checks, title), flush=True)
    if not fine:
        print("# " + str(more).replace("\n", "\n# "), flush=True)


def check_equal(title, got, wanted):
    check(title, got == wanted, "got %.300r, expected %.300r" % (got, wanted))


def whole(answer):
    """Whether an answer is there with its body."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    return end != b"" and length is not None and len(body) >= int(length[1])


class Fake:
    def __init__(self, *options):
        self.process = subprocess.Popen([sys.argv[1], "fake", *options], stdout=subprocess.PIPE, text=True)
        self.port = int(re.fullmatch(r"listening on wss?://127\.0\.0\.1:(\d+)\n", self.process.stdout.readline())[1])

    def stop(self):
        """Its output, and its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=30)[0], self.process.returncode

    def connect(self):
        made = socket.create_connection(("127.0.0.1", self.port))
        made.settimeout(20)
        return made

    def ask(self, data):
        """The whole answer to a request, and its status."""
        with self.connect() as s:
            try:
                s.sendall(data)
            except OSError:
                pass  # it has had enough
            answer = b""
            try:
                while not whole(answer) and (more := s.recv(65536)):
                    answer += more
            except OSError:
                pass
        found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
        return int(found[1]) if found else 0, answer


def request(line="GET /v1/realtime?model=x HTTP/1.1", without=(), more=(), headers=HEADERS):
    lines = [h for h in headers if h.split(":")[0] not in without]
    return ("\r\n".join([line, *lines, *more]) + "\r\n\r\n").encode()


def frame(first, payload=b"", mask=b"\1\2\3\4", length=None):
    size = len(payload)
    if length is None:
        length = struct.pack("!B", size) if size < 126 else struct.pack("!BH", 126, size) if size < 65536 \
            else struct.pack("!BQ", 127, size)
    if mask is None:
        return bytes([first]) + length + payload
    masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return bytes([first, length[0] | 0x80]) + length[1:] + mask + masked


class Link:
    """A WebSocket by hand."""

    def __init__(self, fake, behind=b"", slowly=False):
        self.socket = fake.connect()
        self.bytes = b""
        data = request() + behind
        for at in range(0, len(data), 1 if slowly else len(data)):
            self.socket.sendall(data[at:at + 1] if slowly else data)
        while b"\r\n\r\n" not in self.bytes:
            self.bytes += self.socket.recv(4096)
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.head = head.decode()

    def take(self, count):
        while len(self.bytes) < count:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.bytes += more
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def frame(self):
        first, second = self.take(2)
        assert second < 0x80, "a server does not mask"
        size = second if second < 126 else struct.unpack("!H", self.take(2))[0] if second == 126 \
            else struct.unpack("!Q", self.take(8))[0]
        return first, self.take(size)

    def until(self, first):
        """The next frame of a kind."""
        while True:
            kind, payload = self.frame()
            if kind == first:
                return payload

    def closed(self):
        """The code it is closed with, and that it is closed then."""
        payload = self.until(CLOSE)
        code = struct.unpack("!H", payload[:2])[0] if payload else None
        try:
            self.socket.sendall(frame(CLOSE, payload))
            while self.socket.recv(65536):
                pass
        except OSError:
            pass
        self.socket.close()
        return code


UPDATE = b'{"type":"session.update","session":{"type":"realtime","instructions":"\xe2\x82\xac"}}'


def updated(link):
    while True:
        if b'"session.updated"' in link.until(TEXT):
            return True


# ---- requests --------------------------------------------------------------------------------------
fake = Fake("--upgrade-ms", "5000")
LONG = "x" * 9000
wrong = [
    ("another path", request("GET /v1/other?model=x HTTP/1.1"), 404),
    ("a POST where WebSockets are", request("POST /v1/realtime?model=x HTTP/1.1"), 405),
    ("no upgrade", request(without=["Upgrade"]), 426),
    ("no connection header", request(without=["Connection"]), 426),
    ("version 8 of WebSocket", request(without=["Sec-WebSocket-Version"], more=["Sec-WebSocket-Version: 8"]), 426),
    ("HTTP/1.0", request("GET /v1/realtime?model=x HTTP/1.0"), 426),
    ("no key to the handshake", request(without=["Sec-WebSocket-Key"]), 400),
    ("a key of the handshake that is too short", request(without=["Sec-WebSocket-Key"], more=["Sec-WebSocket-Key: abc="]), 400),
    ("two keys", request(more=["Sec-WebSocket-Key: " + KEY]), 400),
    ("nobody who asks", request(without=["Authorization"]), 401),
    ("another scheme", request(without=["Authorization"], more=["Authorization: Basic eDp5"]), 401),
    ("no model", request("GET /v1/realtime HTTP/1.1"), 400),
    ("an empty model", request("GET /v1/realtime?model= HTTP/1.1"), 400),
    ("an unknown call", request("GET /v1/realtime?call_id=rtc_fake_7 HTTP/1.1"), 404),
    ("no host", request(without=["Host"]), 400),
    ("two hosts", request(more=["Host: y"]), 400),
    ("a header without a colon", request(more=["what is this"]), 400),
    ("a folded header", request(more=["X: y", " z"]), 400),
    ("a space before the colon", request(more=["X : y"]), 400),
    ("a control character in a header", request(more=["X: y\x01z"]), 400),
    ("a target that is no path", request("GET v1 HTTP/1.1"), 400),
    ("no HTTP", b"hello there\r\n\r\n", 400),
    ("TLS where there is none", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("a first line of 9,000 bytes", request("GET /v1/realtime?model=%s HTTP/1.1" % LONG), 414),
    ("a first line without an end", b"GET /" + b"x" * 20000, 414),
    ("headers of 20,000 bytes", request(more=["X: " + LONG, "Y: " + LONG, "Z: x"]), 431),
    ("200 headers", request(more=["X: y"] * 200), 431),
    ("a body in chunks", request("POST /v1/realtime/calls HTTP/1.1", more=["Transfer-Encoding: chunked"]), 501),
    ("a body that is too long", request("POST /v1/realtime/calls HTTP/1.1", more=["Content-Length: 70000"]), 413),
    ("a length that is none", request("POST /v1/realtime/calls HTTP/1.1", more=["Content-Length: -1"]), 400),
    ("two lengths", request("POST /v1/realtime/calls HTTP/1.1", more=["Content-Length: 1", "Content-Length: 2"]), 400),
    ("a call without an offer", request("POST /v1/realtime/calls HTTP/1.1", more=["Content-Length: 0"]), 400),
    ("a GET of calls", request("GET /v1/realtime/calls HTTP/1.1"), 405),
]
for title, data, status in wrong:
    got, answer = fake.ask(data)
    form = status in (0, 201) or b'{"error":{"message":"' in answer
    check("%s: %d" % (title, status), got == status and form and b"sk-test" not in answer, answer)

offer = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
got, answer = fake.ask(request("POST /v1/realtime/calls HTTP/1.1", headers=HEADERS[:1] + HEADERS[5:],
                               more=["Content-Type: application/sdp", "Content-Length: %d" % len(offer)]) + offer)
check("a call is created: 201, with its place and an SDP", got == 201 and
      b"\r\nLocation: /v1/realtime/calls/rtc_fake_1\r\n" in answer and b"\r\n\r\nv=0\r\n" in answer, answer)
with fake.connect() as s:
    s.sendall(request("GET /v1/realtime?call_id=rtc_fake_1 HTTP/1.1"))
    check("and can be joined", s.recv(4096).startswith(b"HTTP/1.1 101 "))
with fake.connect() as s:
    s.sendall(request(without=["Authorization"],
                      more=["Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-test, openai-beta.realtime-v1"]))
    answer = s.recv(4096)
    check("a browser's key stands among the subprotocols, of which \"realtime\" is chosen",
          answer.startswith(b"HTTP/1.1 101 ") and b"\r\nSec-WebSocket-Protocol: realtime\r\n" in answer, answer)
with fake.connect() as s:
    s.sendall(request("POST /v1/realtime/calls HTTP/1.1", more=["Content-Length: 5", "Expect: 100-continue"]))
    check_equal("a client that waits for it is told to go on", s.recv(4096), b"HTTP/1.1 100 Continue\r\n\r\n")
    s.sendall(b"v=0\r\n")
    check("and answered then", s.recv(4096).startswith(b"HTTP/1.1 201 "))
out, status = fake.stop()
check_equal("wrong requests break no rule: status 0", status, 0)
check("the log tells of each once, and holds no key", out.count(" refused ") == len(wrong) and
      "%d requests not upgraded" % (len(wrong) + 2) in out and "sk-test" not in out, out)

# ---- frames ----------------------------------------------------------------------------------------
fake = Fake("--lenient")
link = Link(fake)
check("the handshake's answer is the RFC's", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in link.head, link.head)
link.socket.sendall(frame(TEXT, UPDATE))
check("a text in one frame", updated(link))
cuts = frame(1, UPDATE[:10]) + frame(PING, b"between") + frame(0, b"") + frame(0, UPDATE[10:73]) + frame(FIN, UPDATE[73:])
link.socket.sendall(cuts)
check_equal("a ping between fragments is answered, with what it holds", link.until(PONG), b"between")
check("a text in fragments, one of them empty, a character cut in two", updated(link))
for byte in frame(TEXT, UPDATE):
    link.socket.sendall(bytes([byte]))
check("a text byte by byte", updated(link))
link.socket.sendall(frame(PONG, b"nobody asked") + frame(PING, b"x" * 125))
check_equal("a pong nobody asked for is passed over, a ping of 125 bytes answered", link.until(PONG), b"x" * 125)
link.socket.sendall(frame(TEXT, b'{"type":"session.update","session":{"type":"realtime","instructions":"%s"}}' % (b"x" * 40000)))
check("a text of 40,000 bytes", updated(link))
link.socket.sendall(frame(CLOSE, struct.pack("!H", 1000) + b"bye"))
check_equal("a close frame is answered with its code", link.closed(), 1000)
link = Link(fake, frame(TEXT, UPDATE), slowly=True)
check("a request byte by byte, and a frame right behind it", updated(link))
link.socket.sendall(frame(CLOSE, struct.pack("!H", 3456)))
check_equal("a code of an application's", link.closed(), 3456)
link = Link(fake)
link.socket.sendall(frame(CLOSE))
check("a close frame without a code", link.closed() in (None, 1000))

violations = [
    ("a frame that is not masked", frame(TEXT, b"{}", mask=None), 1002),
    ("reserved bits", frame(TEXT | 0x40, b"{}"), 1002),
    ("an opcode that does not exist", frame(0x83, b"{}"), 1002),
    ("a control opcode that does not exist", frame(0x8B, b""), 1002),
    ("a control frame in fragments", frame(9, b"x"), 1002),
    ("a ping of 126 bytes", frame(PING, b"x" * 126), 1002),
    ("a length in more bytes than needed", frame(TEXT, b"{}", length=b"\x7e\0\2"), 1002),
    ("a length in far more bytes than needed", frame(TEXT, b"{}", length=b"\x7f\0\0\0\0\0\0\0\2"), 1002),
    ("a length of 2^63", frame(TEXT, b"{}", length=b"\x7f\x80\0\0\0\0\0\0\2"), 1002),
    ("a continuation of nothing", frame(FIN, b"{}"), 1002),
    ("a message within another", frame(1, b"{") + frame(TEXT, b"{}"), 1002),
    ("a close frame with half a code", frame(CLOSE, b"\x03"), 1002),
    ("a close code of 999", frame(CLOSE, struct.pack("!H", 999)), 1002),
    ("a close code of 1005", frame(CLOSE, struct.pack("!H", 1005)), 1002),
    ("a close code of 1006", frame(CLOSE, struct.pack("!H", 1006)), 1002),
    ("a close reason that is not UTF-8", frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
    ("a text that is not UTF-8", frame(TEXT, b'{"type":"\xff"}'), 1007),
    ("a text that ends in the middle of a character", frame(TEXT, b"\xe2\x82"), 1007),
    ("a surrogate in two fragments", frame(1, b"\xed") + frame(FIN, b"\xa0\x80"), 1007),
    ("a binary message", frame(BINARY, b"\0\1"), 1003),
    ("a message that is announced with 25 MiB", frame(TEXT, b"{", length=struct.pack("!BQ", 127, LIMIT + 1)), 1009),
]
for title, data, code in violations:
    link = Link(fake)
    link.socket.sendall(data)
    check_equal("%s: %d" % (title, code), link.closed(), code)
link = Link(fake)
piece = b" " * (1 << 20)
try:
    link.socket.sendall(frame(1, piece, mask=b"\0\0\0\0"))
    for i in range(25):
        link.socket.sendall(frame(0, piece, mask=b"\0\0\0\0"))
except OSError:
    pass
check_equal("a message that grows beyond 24 MiB in fragments: 1009", link.closed(), 1009)
out, status = fake.stop()
check_equal("each is a broken rule: status 1", status, 1)
wanted = len(violations) + 1
check("and stands in the log", out.count(" broken websocket (") == wanted and
      out.rstrip().endswith("%d broken rules: websocket %d" % (wanted, wanted)), out)

# ---- who says nothing, and who does not listen ----------------------------------------------------
fake = Fake("--upgrade-ms", "200", "--idle-ms", "400", "--stall-ms", "300")
got, answer = fake.ask(b"GET /v1/realtime HTTP/1.1\r\n")
check_equal("half a request: the connection ends", (got, answer), (0, b""))
link = Link(fake)
check_equal("a client that says nothing is pinged", link.until(PING), b"")
check_equal("and closed with 1001", link.closed(), 1001)
link = Link(fake)
link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
link.socket.settimeout(20)
sent = 0
try:
    while sent < 256 << 20:
        sent += link.socket.send(frame(PING, b"x" * 125) * 100)
except OSError:
    pass
check("a client that sends pings and reads nothing is not listened to for ever, and dropped", sent < 64 << 20, sent)
with open("/proc/%d/status" % fake.process.pid) as facts:
    peak = int(re.search(r"VmHWM:\s+(\d+)", facts.read())[1])
if os.environ.get("PARLEY_TEST_SLOWLY") is None and "clang" not in sys.argv[1]:
    check("in bounded memory (%d KiB at most)" % 80000, peak < 80000, peak)
out, status = fake.stop()
check("all of which the log tells", "the request takes too long" in out and "the client takes nothing" in out, out)
print("1..%d" % checks)
