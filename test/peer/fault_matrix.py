"""The fault matrix: what can go wrong between a host and a service, each time with a peer that is not ours, what the
host then has to be told, and how long that may take. Prints TAP, and below each row what was told and when.

    fault_matrix.py FAULT_HOST DIRECTORY [TITLE]      DIRECTORY with the certificates fault_matrix.sh makes

The host is fault_host.c, the peers are in fault_peers.py. Deadlines are set short, so that all rows together take
seconds; the bounds in the table are for a machine that is busy.
"""
import asyncio
import base64
import re
import socket
import struct
import sys
from http import HTTPStatus

import fault_peers
from fault_peers import Haproxy, Link, NameServer, Nobody, Raw, SServer, Skip, Sockets, Ws, endless, frame, http

program, fault_peers.directory = sys.argv[1:3]
wanted = re.compile(sys.argv[3] if len(sys.argv) > 3 else "")
rows = []
AT_ONCE = 4
ROOM_KB = 2048  # more than an ordinary conversation takes, for a row that is to be bounded


class Row:
    def __init__(self, title, peer, status, words, seconds=10, says=None, saw=None, bounded=False, host="", newer=None):
        self.number = len(rows)
        self.title, self.peer, self.seconds = title, peer, seconds
        self.verdict = {2: (status, words), 3: newer or (status, words)}  # by the line of mbedTLS
        self.says = says  # an event of the host, as a regular expression
        self.saw = saw  # what the peer tells at the end, likewise
        self.bounded = bounded  # in memory
        self.host = host.split()  # more arguments for it


def row(*values, **more):
    rows.append(Row(*values, **more))


# ---- trust: OpenSSL's server ---------------------------------------------------------------------

MODERN = "we speak TLS 1.2 and newer"
row("an unknown authority", SServer("stranger"), "ERR_CERTIFICATE", r"tls: .* unknown authority \(Somebody Else\)")
row("another name", SServer("wrong-name"), "ERR_CERTIFICATE", "tls: .* is for elsewhere.test, not for localhost")
row("expired", SServer("expired"), "ERR_CERTIFICATE", "tls: .* expired on 2020-02-01")
row("not yet valid", SServer("future"), "ERR_CERTIFICATE", "tls: .* not valid before 2045-06-01")
row("a pin that does not fit", SServer("good"), "ERR_CERTIFICATE", "tls: no pin fits; seen: sha256/",
    host="pin=sha256/" + base64.b64encode(bytes(32)).decode())
row("a clock in 1970", SServer("good"), "ERR_CERTIFICATE", "tls: the clock says 1970-01-01", host="clock=1970")
row("TLS 1.1 only", SServer("good", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), "ERR_TLS", "tls: .*" + MODERN)
row("TLS 1.2 only", SServer("good", "-tls1_2", "-www"), "ERR_HTTP", "upgrade: HTTP 200")
row("TLS 1.3 only", SServer("good", "-tls1_3", "-www"), "ERR_TLS", r"tls: .*protocol version\)" + ".*" + MODERN,
    newer=("ERR_HTTP", "upgrade: HTTP 200"))
row("a server in TLS that says nothing", SServer("good"), "ERR_TIMEOUT", "upgrade: no answer within 600 ms",
    host="upgrade_ms=600")

# ---- the opening handshake: raw bytes, and haproxy -----------------------------------------------


def answers(text, *behind):
    """A server that answers the request like this, then ends or does what is told."""
    async def play(link):
        await link.request()
        await link.send(text)
        for step in behind:
            await step(link)
    return Raw(play)


async def bad_accept(link):
    await link.request()
    await link.send(link.answer(accept=b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    await link.silent()


async def no_accept(link):
    await link.request()
    await link.send(link.answer().replace(b"Sec-WebSocket-Accept", b"X-Accept"))
    await link.silent()


async def close(link, code=1000):
    await link.send(frame(0x88, struct.pack("!H", code)))
    await link.silent()


async def split_headers(link):
    await link.request()
    await link.drip(link.answer(), 0.002)
    await link.frame()
    await close(link)


JSON = b'{"error":{"message":"Incorrect API key provided: sk-1234","code":"invalid_api_key"}}'
PAGE = b"<h1>Something broke</h1>\n" + b"<p>and so on\n" * 8000

row("a wrong Sec-WebSocket-Accept", Raw(bad_accept), "ERR_HTTP", "upgrade: HTTP 101, but .*Sec-WebSocket-Accept")
row("no Sec-WebSocket-Accept", Raw(no_accept), "ERR_HTTP", "upgrade: HTTP 101, but .*Sec-WebSocket-Accept")
row("200", answers(http(b"200 OK", b"<h1>Hello</h1>")), "ERR_HTTP", "upgrade: HTTP 200 OK")
row("301", answers(http(b"301 Moved Permanently", b"", b"Location: https://login.test/?token=sesame\r\n")), "ERR_REFUSED",
    "upgrade: HTTP 301 Moved Permanently.*login.test/")
row("401", answers(http(b"401 Unauthorized", JSON)), "ERR_AUTH", r"upgrade: HTTP 401 .*Incorrect API key provided: \*\*\*")
row("429", answers(http(b"429 Too Many Requests", b'{"error":"slow down"}', b"Retry-After: 7\r\n")), "ERR_REFUSED",
    "upgrade: HTTP 429 Too Many Requests: slow down")
row("500 with a body", answers(http(b"500 Internal Server Error", PAGE)), "ERR_REFUSED",
    "upgrade: HTTP 500 Internal Server Error: .*Something broke")
row("500 with a body that never comes", answers(http(b"500 Broken", PAGE)[:-len(PAGE)], Link.silent), "ERR_REFUSED",
    "upgrade: HTTP 500 Broken", host="upgrade_ms=600")
row("500 with a body that never ends", answers(b"HTTP/1.1 500 Broken\r\n\r\n", endless(PAGE)), "ERR_REFUSED",
    "upgrade: HTTP 500 Broken: .*Something broke", bounded=True)
row("endless headers", answers(b"HTTP/1.1 101 Switching Protocols\r\n", endless(b"X-More: and more\r\n" * 99)), "ERR_HTTP",
    "upgrade: .*it has more than 128 headers", bounded=True)
row("a header line without an end", answers(b"HTTP/1.1 101 Switching Protocols\r\nX-Long: ", endless(b"long" * 999)),
    "ERR_HTTP", "upgrade: .*a line is longer than 8192 bytes", bounded=True)
row("endless 1xx answers", answers(b"", endless(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 99)), "ERR_HTTP",
    "upgrade: .*its headers are longer than 65536 bytes", bounded=True)
row("no HTTP at all", answers(b"220 smtp.test ESMTP\r\n", Link.silent), "ERR_HTTP",
    "upgrade: the other side does not speak HTTP; .*220 smtp")
row("headers split at every byte", Raw(split_headers), "ERR_PEER_CLOSED", r"open: .* code 1000")
row("301 by haproxy", Haproxy("301"), "ERR_REFUSED", "upgrade: HTTP 301 .*login.test/")
row("401 by haproxy", Haproxy("401"), "ERR_AUTH", r"upgrade: HTTP 401 .*no such key: \*\*\*")
row("429 by haproxy", Haproxy("429"), "ERR_REFUSED", "upgrade: HTTP 429 .*slow down")
row("500 with a body by haproxy", Haproxy("500"), "ERR_REFUSED", "upgrade: HTTP 500 .*Something broke")
row("no server behind haproxy", Haproxy("503"), "ERR_REFUSED", "upgrade: HTTP 503 ")
row("a silent server behind haproxy", Haproxy("504"), "ERR_REFUSED", "upgrade: HTTP 504 ")
row("a conversation through haproxy", Haproxy("good"), "ERR_PEER_CLOSED", r"open: .* code 1000 .*: done", says="^reply_delta ")
row("haproxy ends a link that is silent", Haproxy("wait"), "ERR_LOST", "open: .*without a (close frame|goodbye)")
row("401 by ws", Ws("refused"), "ERR_AUTH", "upgrade: HTTP 401 Unauthorized")


async def refuse(*_):
    return HTTPStatus.INTERNAL_SERVER_ERROR, [("Content-Type", "text/plain")], b"broken inside\n"
row("500 by python3-websockets", Sockets(process_request=refuse), "ERR_REFUSED", "upgrade: HTTP 500 .*broken inside")

# ---- silent, reset, ended and half closed, at each stage -----------------------------------------


async def before_tls(link):
    await link.reader.readexactly(1)


async def within_tls(link):
    await link.reader.readexactly(5)
    await link.send(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")


async def within_the_answer(link):
    await link.request()
    await link.send(link.answer()[:60])


async def within_a_message(link):
    await link.session()
    await link.send(b"\x81\x7e\x01\x00half a mess")


async def in_the_closing(link):
    await link.session()
    while (await link.frame())[0] != 0x88:
        pass


async def in_the_request(link):
    await link.reader.readuntil(b"\r\n")


PINGS = "ping_ms=300 pong_ms=300"
GONE = "open: the service has fallen silent: it did not answer a ping within 300 ms"
CUT = "open: (tls: )?the (connection ended without a close frame|peer closed the connection without a goodbye)"
BROKE = "open: (tls: )?the connection broke: Connection reset by peer"
OURS = ("ERR_CLOSED", "the conversation is over")
RESET = "upgrade: tls: the connection broke: Connection reset by peer"
NO_ANSWER = "upgrade: (the service ended the connection before it had answered|tls: the peer closed .* without a goodbye)"
HANGS_UP = "tls: the peer closed the connection during the handshake"
# A stage, how the server gets there, in TLS, without, or as if it were (None); then what has to be told if it says
# nothing more, resets the connection, or ends it, both ways or one. The deadlines are for the first of these.
for stage, reach, tls, host, silence, reset, end in (
    ("before it has answered in TLS", before_tls, None, "tls_ms=600", ("ERR_TIMEOUT", "tls: no end of the handshake in 600 ms"),
     ("ERR_TLS", "tls: the connection broke: Connection reset by peer"), ("ERR_TLS", HANGS_UP)),
    ("within its hello in TLS", within_tls, None, "tls_ms=600", ("ERR_TIMEOUT", "tls: no end of the handshake in 600 ms"),
     ("ERR_TLS", "tls: the connection broke: Connection reset by peer"), ("ERR_TLS", HANGS_UP)),
    ("within the request", in_the_request, True, "upgrade_ms=600", ("ERR_TIMEOUT", "upgrade: no answer within 600 ms"),
     ("ERR_LOST", RESET), ("ERR_LOST", NO_ANSWER)),
    ("before its answer", Link.request, True, "upgrade_ms=600", ("ERR_TIMEOUT", "upgrade: no answer within 600 ms"),
     ("ERR_LOST", RESET), ("ERR_LOST", NO_ANSWER)),
    ("within its answer", within_the_answer, True, "upgrade_ms=600", ("ERR_TIMEOUT", "upgrade: no answer within 600 ms"),
     ("ERR_LOST", RESET + r".*\(within the answer\)"), ("ERR_LOST", NO_ANSWER + r".*\(within the answer\)")),
    ("before the session", Link.upgrade, True, PINGS, ("ERR_LOST", GONE), ("ERR_LOST", BROKE), ("ERR_LOST", CUT)),
    ("in the session", Link.session, True, PINGS, ("ERR_LOST", GONE), ("ERR_LOST", BROKE), ("ERR_LOST", CUT)),
    ("in the session, without TLS", Link.session, False, PINGS, ("ERR_LOST", GONE), ("ERR_LOST", BROKE), ("ERR_LOST", CUT)),
    ("within a message", within_a_message, True, PINGS, ("ERR_LOST", GONE + ", 11 bytes into a message"), ("ERR_LOST", BROKE),
     ("ERR_LOST", CUT + ".*11 bytes into a message")),
    ("when we close", in_the_closing, True, "close_ms=600 stop=session_updated", OURS, OURS, OURS),
):
    for how, finish, verdict in (("silent", Link.silent, silence), ("reset", Link.reset, reset), ("ended", Link.end, end),
                                 ("half closed", Link.half, end)):
        async def play(link, reach=reach, finish=finish):
            await reach(link)
            await finish(link)
        row("%s %s" % (how, stage), Raw(play, bool(tls), "wss" if tls is None else None), *verdict,
            host=host if finish is Link.silent or "stop=" in host else "")

row("silent to the connection", Nobody(deaf=True), "ERR_TIMEOUT", "connect: ", host="connect_ms=600")
row("reset at the connection", Nobody(), "ERR_CONNECT", "connect: .*Connection refused")
row("a name server that is silent", NameServer(True), "ERR_TIMEOUT", "resolve: service.test: no answer in 600 ms",
    host="resolve_ms=600")
row("a name server that is not there", NameServer(False), "ERR_TIMEOUT", "resolve: .* cannot be asked: Connection refused",
    host="resolve_ms=600")
for how, finish, verdict in (("is silent", Link.silent, ("ERR_TIMEOUT", "proxy: no answer within 600 ms")),
                             ("resets the connection", Link.reset, ("ERR_LOST", "proxy: the connection broke")),
                             ("ends the connection", Link.end, ("ERR_LOST", "proxy: it ended the connection"))):
    async def play(link, finish=finish):
        await link.request()
        await finish(link)
    row("a proxy that %s" % how, Raw(play, proxy=True), *verdict, host="proxy_ms=600" if finish is Link.silent else "")

# ---- a byte at a time: 20 or 40 ms each, against deadlines of a second -----------------------------


async def drips_in_tls(link):
    await link.reader.readexactly(5)
    await link.drip(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(200))


async def drips_the_answer(link):
    await link.request()
    await link.drip(link.answer())


async def drips_a_message(link):
    await link.session()
    await link.drip(frame(0x81, b'{"type":"response.output_text.delta","delta":"slow"}') + frame(0x88, b"\x03\xe8"), 0.04)
    await link.silent()


row("a byte at a time: TLS", Raw(drips_in_tls, scheme="wss"), "ERR_TIMEOUT",
    "tls: no end of the handshake in 1000 ms", host="tls_ms=1000")
row("a byte at a time: the answer", Raw(drips_the_answer), "ERR_TIMEOUT", "upgrade: no answer within 1000 ms",
    host="upgrade_ms=1000")
row("a byte at a time: a message, and each is a sign of life", Raw(drips_a_message), "ERR_PEER_CLOSED", "open: .* code 1000",
    says="^reply_delta OK slow", host="ping_ms=1000 pong_ms=1000")

# ---- closing, with code and without --------------------------------------------------------------

row("closed with 1000 by ws", Ws("good"), "ERR_PEER_CLOSED", r"open: .* code 1000 .*: done", says="^reply_delta ",
    saw="closed 1000")
row("closed with 1000 by ws, in TLS, compressed", Ws("good", "wss"), "ERR_PEER_CLOSED", r"open: .* code 1000 .*: done",
    says="^reply_delta ", saw="closed 1000", host="compress=auto")
for code in 1001, 1008, 1011, 4000:
    row("closed with %d by ws" % code, Ws("code&code=%d" % code), "ERR_PEER_CLOSED", "open: .* code %d.*: as asked" % code,
        saw="closed %d" % code)
row("closed without a code by ws", Ws("no_code"), "ERR_PEER_CLOSED", "open: .* connection without a code", saw="closed 1005")
row("closed by us, ws answers", Ws("wait", "wss"), *OURS, saw="closed 1000", host="stop=session_updated")
row("ws drops the connection", Ws("vanish", "wss"), "ERR_LOST", "open: ")
row("ws resets the connection", Ws("reset"), "ERR_LOST", BROKE)
row("ws half closes", Ws("half"), "ERR_LOST", CUT)
row("ws hears nothing any more", Ws("silent", "wss"), "ERR_LOST", GONE, host=PINGS)
for code, why in (1000, "done"), (1001, ""), (1011, "it broke"):
    async def play(link, code=code, why=why):
        await link.close(code, why)
    row("closed with %d by python3-websockets" % code, Sockets(play), "ERR_PEER_CLOSED", "open: .* code %d.*%s" % (code, why))

# ---- too much -------------------------------------------------------------------------------------


async def bomb(link):
    await link.send("0" * (16 << 20))  # four times what the inbox may hold inflated


async def announces(link):
    await link.session()
    await link.send(struct.pack("!BBQ", 0x81, 127, 1 << 40))
    await endless(b"x" * 9999)(link)


async def flood_of_pings(link):
    await link.session()
    for _ in range(100):
        await link.send(frame(0x89, b"x" * 125) * 1000)
    await close(link)

BIG = "open: the service sent a compressed message of more than"
row("an oversized message is left out", Ws("oversized"), "ERR_PEER_CLOSED", r"open: .* code 1000 .*: done",
    says="^skipped ERR_TOO_LONG ", saw="closed 1000", bounded=True, host="inbox_bytes=65536")
row("an oversized message that is announced and never ends", Raw(announces), "ERR_LOST", "open: ", bounded=True, seconds=20)
row("a deflate bomb by ws", Ws("bomb"), "ERR_TOO_LONG", BIG, saw="closed 1009", bounded=True, host="compress=auto",
    seconds=20)
row("a deflate bomb in pieces by ws", Ws("bomb_in_pieces"), "ERR_TOO_LONG", BIG, saw="closed 1009", bounded=True,
    host="compress=auto", seconds=20)
row("a deflate bomb by python3-websockets", Sockets(bomb, compression="deflate"), "ERR_TOO_LONG", BIG, bounded=True,
    host="compress=auto")
row("100,000 pings by ws, the last answered", Ws("pings"), "ERR_PEER_CLOSED", r"open: .* code 1000 .*: done", bounded=True,
    saw=r"closed 1000 .*\d+ pongs", seconds=20)
row("100,000 pings by a server that does not wait for answers", Raw(flood_of_pings), "ERR_PEER_CLOSED", "open: .* code 1000",
    bounded=True, seconds=20)

# ---- addresses ------------------------------------------------------------------------------------

row("IPv6 refuses, IPv4 is good", Ws("good", addresses=[Nobody(family=socket.AF_INET6)]), "ERR_PEER_CLOSED", "open: .*: done")
row("IPv6 is silent, IPv4 is good", Ws("good", "wss", addresses=[Nobody(True, socket.AF_INET6)]), "ERR_PEER_CLOSED",
    "open: .*: done")
row("another IPv4 is silent, this one is good", Ws("good", addresses=[Nobody(True)]), "ERR_PEER_CLOSED", "open: .*: done")

# ---- the run --------------------------------------------------------------------------------------

ordinary_kb = 0


async def run_host(arguments, seconds):
    """What the host prints, and how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    process = await asyncio.create_subprocess_exec(program, *arguments, stdout=asyncio.subprocess.PIPE,
                                                   stderr=asyncio.subprocess.STDOUT)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError as late:
        process.kill()
        raise AssertionError("it took more than %d s" % seconds) from late
    text = output.decode(errors="replace")
    if process.returncode != 0:
        raise AssertionError("the host ended with status %d:\n%s" % (process.returncode, text))
    return text, loop.time() - began


async def play_row(one):
    """Returns what is worth telling; raises what went wrong."""
    peer = one.peer
    try:
        arguments = await peer.start(one)
        output, took = await run_host(arguments + one.host, one.seconds)
        said = await peer.saw() if one.saw else ""
    finally:
        await peer.stop()
    status, words = re.search(r"^verdict (\S+) (.*)$", output, re.M).groups()
    kb, line = map(int, re.search(r"^figures (\d+) KB, mbedTLS (\d)", output, re.M).groups())
    expected, pattern = one.verdict[line]
    if status != expected or not re.match(pattern, words):
        raise AssertionError("got %s \"%s\", expected %s \"%s\"" % (status, words, expected, pattern))
    if one.says and not re.search(one.says, output, re.M):
        raise AssertionError("the host has no event %s:\n%s" % (one.says, output[:2000]))
    if one.saw and not re.search(one.saw, said):
        raise AssertionError("the peer saw %r, expected %r" % (said, one.saw))
    if one.bounded and kb > ordinary_kb + ROOM_KB:
        raise AssertionError("%d KB of memory, %d in an ordinary conversation" % (kb, ordinary_kb))
    if re.search("sk-test-key|sesame", output):
        raise AssertionError("a secret is told:\n" + output[:2000])
    memory = ", %d KB" % kb if one.bounded else ""
    told = "; the peer: " + said if said else ""
    return "%s in %d ms of %d%s: %s%s" % (status, took * 1000, one.seconds * 1000, memory, words, told)


async def main():
    global ordinary_kb
    todo = [one for one in rows if wanted.search(one.title)]
    results = {}
    gate = asyncio.Semaphore(AT_ONCE)
    for shared in Ws, Haproxy:
        try:
            await shared.begin()
        except Skip:
            pass

    async def judge(one):
        async with gate:
            try:
                results[one] = "ok %d - " + one.title, await play_row(one)
            except Skip as why:
                results[one] = "ok %d - " + one.title + " # SKIP " + str(why), ""
            except Exception as problem:  # pylint: disable=broad-except
                results[one] = "not ok %d - " + one.title, "%s: %s" % (type(problem).__name__, problem)

    ordinary, _ = await run_host(await (peer := Raw(split_headers)).start(None) + ["compress=auto"], 20)
    await peer.stop()
    ordinary_kb = int(re.search(r"(\d+) KB", ordinary).group(1))
    await asyncio.gather(*map(judge, todo))
    print("1..%d" % len(todo))
    for number, one in enumerate(todo, 1):
        line, story = results[one]
        print(line % number)
        if story:
            print("# " + story.replace("\n", "\n# "))
    for shared in Ws.shared, Haproxy.shared:
        if shared is not None:
            await shared.stop()
    return 1 if any(line.startswith("not") for line, _ in results.values()) else 0

sys.exit(asyncio.run(main()))
