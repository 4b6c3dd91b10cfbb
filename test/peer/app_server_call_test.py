"""Calls over WebRTC (reference 9) with a service that is not ours: HTTP and WebSocket on one port, over TLS. What is
posted is compared byte for byte; called by app_server_call_test.sh.

    app_server_call_test.py DIRECTORY       DIRECTORY with server.pem, server.key and root.pem
"""
import asyncio
import http
import json
import os
import queue
import ssl
import subprocess
import sys
import time

from app_server_client import PATIENCE_S, Server, equal, run_tests, test
from app_server_service import WebSocketServer

DIRECTORY = sys.argv[1]
OFFER, ANSWER = "v=offer\r\n", "v=answer\r\n"


class Post:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.target = lines[0]
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:] if line)}
        self.body, self.at = body, time.monotonic()


class Service(WebSocketServer):
    """Creates calls and lets them be joined.

    answers     what the n-th POST is answered with: a status, or whole bytes; further ones as the last
    joins       what becomes of the n-th attempt to join: a status, or 0 for yes; further ones as the last
    """

    def __init__(self, answers=(201,), joins=(0,)):
        super().__init__()
        self.answers, self.joins = list(answers), list(joins)
        self.posts, self.seen = queue.Queue(), []
        self.held = False  # joining waits

    async def meet(self, port):
        """The WebSockets have a port of their own behind this one, which takes apart what comes."""
        self.inner = port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(DIRECTORY, "server.pem"), os.path.join(DIRECTORY, "server.key"))
        outer = await asyncio.start_server(self.take, "127.0.0.1", 0, ssl=context)
        await self.stay("https://localhost:%d/v1" % outer.sockets[0].getsockname()[1])
        outer.close()

    async def take(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST "):
                await self.create(head[:-4], reader, writer)
            else:
                await self.pass_on(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def create(self, head, reader, writer):
        post = Post(head, b"")
        post.body = await reader.readexactly(int(post.headers["content-length"]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.posts.put(post)
        if answer == 201:
            answer = created(ANSWER.encode())
        if isinstance(answer, int):
            status = http.HTTPStatus(answer)
            answer = b"HTTP/1.1 %d %s\r\nContent-Length: 5\r\n\r\nsorry" % (answer, status.phrase.encode())
        writer.write(answer)
        await writer.drain()

    async def pass_on(self, head, reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.inner)
        inner_writer.write(head)

        async def copy(source, sink):
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except (ConnectionError, ssl.SSLError):
                pass
            sink.close()
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    async def look(self, path, headers):
        self.seen.append(time.monotonic())
        while self.held:
            await asyncio.sleep(0.01)
        join = self.joins.pop(0) if len(self.joins) > 1 else self.joins[0]
        return (http.HTTPStatus(join), [], b"not yet\n") if join else None

    def post(self):
        return self.posts.get(timeout=PATIENCE_S)


def created(body, location="/v1/realtime/calls/rtc_1", framing=b"Content-Length: %d\r\n"):
    lines = b"HTTP/1.1 201 Created\r\n" + (b"Location: " + location.encode() + b"\r\n" if location else b"")
    return lines + (framing % len(body) if b"%" in framing else framing) + b"\r\n" + body


def parley(service, *options):
    return Server("--url", service.url, "--ca-file", os.path.join(DIRECTORY, "root.pem"), "--startup-context", "off",
                  *options, program=os.environ["PARLEY"], environment={"OPENAI_API_KEY": "sk-test"})


WEBRTC = {"type": "webrtc", "sdp": OFFER}


def start(server, **params):
    """A call, up to its answer."""
    thread = server.start(transport=WEBRTC, prompt="p", **params)
    server.expect("thread/realtime/sdp", {"threadId": thread, "sdp": ANSWER})
    return thread


def example_body(name):
    """The body of the reference's example, with our own words for the tools."""
    with open("test/vectors/wire-examples.jsonl", encoding="utf-8") as lines:
        body = next(example for example in map(json.loads, lines) if example["name"] == name)["message"]["$http"]["body"]
    for tool, words in ("background_agent", "hand the request to the background agent"), ("remain_silent",
                                                                                         "choose to say nothing"):
        with open("templates/tools/%s.json" % tool, encoding="utf-8") as file:
            ours = json.load(file)
        body = body.replace('"<tool description: %s>"' % words, json.dumps(ours["description"]))
        for parameter in ours["parameters"]["properties"].values():
            body = body.replace('"<parameter description: the user request>"', json.dumps(parameter["description"]))
    return body.encode()


def expect_post(post, body, session, content_type="multipart/form-data; boundary=codex-realtime-call-boundary"):
    equal(post.target, "POST /v1/realtime/calls HTTP/1.1")
    equal(post.headers["content-type"], content_type)
    equal(post.headers["x-session-id"], session)
    equal(post.headers["authorization"], "Bearer sk-test")
    equal(post.body, body)


@test("13.13/122 start over webrtc: started, the answer; what was posted, byte for byte")
def _():
    with Service() as service, parley(service) as server:
        thread = start(server, sessionId="conv_1")
        expect_post(service.post(), example_body("http_call_v2_multipart"), "conv_1")
        connection = service.connection()
        equal(connection.path, "/v1/realtime?call_id=rtc_1")
        equal(connection.headers["x-session-id"], "conv_1")
        equal(connection.headers["Authorization"], "Bearer sk-test")
        connection.take("session.update")
        connection.say(type="conversation.item.added", item={"id": "item_1"})
        server.expect_item(thread, id="item_1")
        server.call("thread/realtime/stop", threadId=thread)
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
        connection.take(1000)
        server.quiet()


@test("13.13/123 the same on v1: its shape of a session, joined with intent and call")
def _():
    with Service() as service, parley(service, "--protocol", "v1", "--query", "trace=1") as server:
        start(server, sessionId="conv_1")
        expect_post(service.post(), example_body("http_call_v1_multipart"), "conv_1")
        connection = service.connection()
        equal(connection.path, "/v1/realtime?intent=quicksilver&trace=1&call_id=rtc_1")
        equal(connection.take("session.update")["session"]["type"], "quicksilver")


@test("13.13/124 a handoff beside a call on v1")
def _():
    with Service() as service, parley(service, "--protocol", "v1", "--agent", "echo done") as server:
        thread = start(server)
        connection = service.connection()
        connection.take("session.update")
        connection.say(type="conversation.handoff.requested", handoff_id="h_1", item_id="item_1",
                       input_transcript="look")
        server.expect_item(thread, type="handoff_request", handoff_id="h_1")
        server.expect("turn/started")
        append = connection.take("conversation.handoff.append")
        equal(append["handoff_id"], "h_1")
        assert "done" in append["output_text"], append


@test("a body as JSON for a base that contains /backend-api")
def _():
    with Service() as service:
        base = service.url[:-len("/v1")] + "/backend-api/codex"
        with parley(service, "--protocol", "v1", "--call-url", base) as server:
            start(server)
            post = service.post()
            equal(post.target, "POST /backend-api/codex/realtime/calls HTTP/1.1")
            equal(post.headers["content-type"], "application/json")
            body = json.loads(post.body)
            equal(body["sdp"], OFFER)
            equal(body["session"]["model"], "gpt-realtime-1.5")
            equal(sorted(body), ["sdp", "session"])
            equal(service.connection().path, "/v1/realtime?intent=quicksilver&call_id=rtc_1")


@test("the answer in other frames, and other places of the call's id")
def _():
    body = ANSWER.encode()
    chunked = b"3\r\n" + body[:3] + b"\r\n%x\r\n" % (len(body) - 3) + body[3:] + b"\r\n0\r\n\r\n"
    answers = [(created(chunked, framing=b"Transfer-Encoding: chunked\r\n"), "rtc_1"),
               (created(body, framing=b""), "rtc_1"),  # up to the end of the connection
               (created(body, "/v1/realtime/calls/calls/rtc_2"), "rtc_2"),
               (created(body, "https://localhost/v1/realtime/calls/rtc_3?x=rtc_no"), "rtc_3")]
    for answer, call in answers:
        with Service([answer]) as service, parley(service) as server:
            start(server)
            equal(service.connection().path, "/v1/realtime?call_id=" + call)


@test("500 is tried again, with the whole body, and then it works")
def _():
    with Service([500, 503, 201]) as service, parley(service) as server:
        start(server)
        posts = [service.post() for _ in range(3)]
        equal({post.body for post in posts}, {example_body("http_call_v2_multipart")})
        waits = [later.at - sooner.at for sooner, later in zip(posts, posts[1:])]
        assert 0.15 < waits[0] < waits[1] < 3, waits
        service.connection().take("session.update")


@test("13.13/133 500 to the end: told as high demand, and nothing else happens")
def _():
    with Service([500]) as service, parley(service) as server:
        server.fails("currently experiencing high demand", transport=WEBRTC)
        equal(service.posts.qsize(), 5)
        server.quiet()


@test("429 and 401 are not tried again, and the key is in no message")
def _():
    for status in 429, 401:
        with Service([status]) as service, parley(service) as server:
            server.fails("HTTP %d" % status, transport=WEBRTC)
            equal(service.posts.qsize(), 1)
            equal(server.finish(), 0)
            assert b"sk-test" not in server.errors


@test("answers that create no call")
def _():
    body = ANSWER.encode()
    cases = [
        (created(body, None), "realtime call response missing Location"),
        (created(body, "/v1/realtime/calls/other"),
         "realtime call Location does not contain a call id: /v1/realtime/calls/other"),
        (created(b"v=\xff"), "failed to decode realtime call SDP response"),
        (created(b"x" * 300000), "failed to decode realtime call SDP response"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://localhost/rtc_1\r\nContent-Length: 0\r\n\r\n",
         "redirects are not followed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "missing Location"),
    ]
    for answer, words in cases:
        with Service([answer]) as service, parley(service) as server:
            server.fails(words, transport=WEBRTC)
            equal(service.posts.qsize(), 1)
            assert service.connections.empty()


@test("a call that is slow to join: the answer comes first, text waits, and nothing is lost")
def _():
    with Service() as service, parley(service) as server:
        service.held = True
        thread = start(server)
        server.text(thread, "hello")
        server.quiet()
        service.held = False
        connection = service.connection()
        connection.take("session.update")
        equal(connection.take("conversation.item.create")["item"]["content"][0]["text"], "[USER] hello")


@test("joined at the fifth attempt, each wait twice the last")
def _():
    with Service(joins=[500, 404, 401, 503, 0]) as service, parley(service) as server:
        start(server)
        service.connection().take("session.update")
        waits = [later - sooner for sooner, later in zip(service.seen, service.seen[1:])]
        for wait, least in zip(waits, (0.18, 0.36, 0.72, 1.44)):
            assert least <= wait < least * 1.3 + 0.5, waits
        server.quiet()


@test("13.8/79 five attempts in vain: the answer was told, then an error and the end")
def _():
    with Service(joins=[503]) as service, parley(service) as server:
        thread = start(server)
        assert "HTTP 503" in server.expect("thread/realtime/error", threadId=thread)["message"]
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "error"})
        equal(len(service.seen), 5)
        server.quiet()


@test("13.8/78 a stop while the call is being joined")
def _():
    with Service() as service, parley(service) as server:
        service.held = True
        thread = start(server)
        server.call("thread/realtime/stop", threadId=thread)
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
        service.held = False
        server.quiet()
        server.text(thread, "nobody")
        server.not_running(thread)


@test("an existing call is joined as it is")
def _():
    existing = {"type": "existingCall", "callId": "rtc_other"}
    with Service() as service, parley(service) as server:
        server.fails("existing realtime calls do not support session configuration options", transport=existing,
                     voice="marin")
        thread = server.start(transport=existing)
        connection = service.connection()
        equal(connection.path, "/v1/realtime?call_id=rtc_other")
        server.text(thread, "hello")
        connection.take("conversation.item.create")  # and no session.update before it
        assert service.posts.empty()


@test("parley call: the answer in a file, then a conversation in writing")
def _():
    offer, answer = os.path.join(DIRECTORY, "offer.sdp"), os.path.join(DIRECTORY, "answer.sdp")
    with open(offer, "w", newline="") as file:
        file.write(OFFER)
    with Service(joins=[503, 0]) as service:
        process = subprocess.Popen(
            [os.environ["PARLEY"], "call", "--sdp", offer, "--answer", answer, "--url", service.url, "--ca-file",
             os.path.join(DIRECTORY, "root.pem"), "--prompt", "p", "--startup-context", "off", "--no-store", "--agent",
             "echo done"],
            env=dict(os.environ, OPENAI_API_KEY="sk-test"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(b"hello\n")
        process.stdin.close()
        connection = service.connection()
        with open(answer, newline="") as file:
            equal(file.read(), ANSWER)
        assert OFFER.encode() in service.post().body
        connection.take("session.update")
        equal(connection.take("conversation.item.create")["item"]["content"][0]["text"], "[USER] hello")
        connection.take("response.create")
        connection.say(type="conversation.item.done", item={
            "id": "item_1", "type": "function_call", "name": "background_agent", "call_id": "call_1",
            "arguments": json.dumps({"prompt": "look"})})
        equal(connection.take("conversation.item.create")["item"]["content"][0]["text"], "[BACKEND] done")
        equal(connection.take("conversation.item.create")["item"]["type"], "function_call_output")
        connection.say(type="response.output_audio_transcript.done", item_id="item_2", transcript="it is done")
        output = process.stdout.read().decode()
        equal(process.wait(PATIENCE_S), 0)
        for part in "call rtc_1 is created", "parley: it is done", "closed: requested":
            assert part in output, output
        assert ANSWER.strip() not in output


if __name__ == "__main__":
    run_tests()
