"""`parley app-server` over real WebSockets, with a service that is Debian's python3-websockets; called by
app_server_wss_test.sh. What can only be seen with a network: headers, connections that fail or take their time, and how
they end.
"""
import http
import os
import socket

from app_server_client import Server, equal, run_tests, test
from app_server_service import WebSocketServer


class Service(WebSocketServer):
    """refuse: how many connections come through before the others are answered with status 500"""

    def __init__(self, refuse=None):
        super().__init__()
        self.refuse = refuse
        self.seen = 0

    async def meet(self, port):
        await self.stay("ws://127.0.0.1:%d" % port)

    async def look(self, path, headers):
        self.seen += 1
        if self.refuse is not None and self.seen > self.refuse:
            return http.HTTPStatus.INTERNAL_SERVER_ERROR, [], b"sorry\n"
        return None


def parley(url, *options, key="sk-test", **more):
    environment = {"OPENAI_API_KEY": key} if key else {}
    return Server("--url", url, *options, program=os.environ["PARLEY"], environment=environment, **more)


@test("13.8/75 and 87 address and headers of a conversation, and its end")
def _():
    with Service() as service, parley(service.url + "/v1", "--protocol", "v1", "--model", "m-1",
                                      "--header", "x-more: yes") as server:
        thread = server.start()
        connection = service.connection()
        equal(connection.path, "/v1/realtime?intent=quicksilver&model=m-1")
        equal(connection.headers["x-session-id"], thread)
        equal(connection.headers["Authorization"], "Bearer sk-test")
        equal(connection.headers["x-more"], "yes")
        equal(connection.take("session.update")["session"]["audio"]["output"]["voice"], "cove")
        server.text(thread, "hello")
        connection.take("conversation.item.create")
        server.call("thread/realtime/stop", threadId=thread)
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
        connection.take(1000)
        server.quiet()


@test("13.8/80 the key of another variable is used, and no agent gets it")
def _():
    with parley("ws://127.0.0.1:1", "--key-env", "MY_KEY", key=None) as server:
        server.fails("the environment variable MY_KEY with the key is not set")
    os.environ["MY_KEY"] = "sk-mine"
    try:
        with Service() as service, parley(service.url, "--key-env", "MY_KEY", "--agent", "echo got $MY_KEY",
                                          key=None) as server:
            thread = server.start()
            equal(service.connection().headers["Authorization"], "Bearer sk-mine")
            server.call("turn/start", threadId=thread, input=[{"type": "text", "text": "x"}])
            server.expect("turn/started")
            server.expect("item/completed")
            equal(server.expect("item/completed")["item"]["text"], "got")
            server.expect("turn/completed")
    finally:
        del os.environ["MY_KEY"]


@test("13.8/84 without a key a start fails with one error")
def _():
    with parley("ws://127.0.0.1:1", key=None) as server:
        thread = server.fails("realtime conversation requires API key auth")
        server.fails("is not supported for v2", thread, voice="cove")  # the checks before it come first
        server.text(thread, "nobody")
        server.not_running(thread)


@test("13.8/85 an unreachable service: one error, and a word about what was said meanwhile")
def _():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        with parley("ws://127.0.0.1:%d" % closed.getsockname()[1]) as server:
            server.fails("connect: ")
            thread = server.thread()
            requests = [server.request("thread/realtime/start", threadId=thread, outputModality="audio"),
                        server.request("thread/realtime/appendText", threadId=thread, text="at once")]
            for request in requests:
                equal(server.answer(request)["result"], {})
            assert server.expect("thread/realtime/error", threadId=thread)["message"].startswith("connect: ")
            server.not_running(thread)
            server.quiet()


@test("13.8/86 a second start: a connection of its own, and the first closed in good order")
def _():
    with Service() as service, parley(service.url) as server:
        thread = server.start(sessionId="conv_old")
        old = service.connection()
        equal(old.headers["x-session-id"], "conv_old")
        old.take("session.update")
        server.start(thread, sessionId="conv_new")
        new = service.connection()
        equal(new.headers["x-session-id"], "conv_new")
        old.take(1000)
        new.take("session.update")
        new.say(type="conversation.item.added", item={"id": "item_1"})
        server.expect_item(thread, id="item_1")
        server.quiet()


@test("a replacement that the service refuses leaves the old conversation running")
def _():
    with Service(refuse=1) as service, parley(service.url) as server:
        thread = server.start()
        old = service.connection()
        old.take("session.update")
        server.fails("500", thread)
        server.text(thread, "still there")
        old.take("conversation.item.create")
        old.say(type="conversation.item.added", item={"id": "item_1"})
        server.expect_item(thread, id="item_1")


@test("13.8/81 the service closes, or its connection breaks")
def _():
    with Service() as service, parley(service.url) as server:
        thread = server.start()
        service.connection().close()
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "transport_closed"})
        server.start(thread)
        service.connection().abort()
        server.expect("thread/realtime/error", threadId=thread)
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "error"})
        server.quiet()


@test("an error of the service closes at once, though the service takes its time")
def _():
    with Service() as service, parley(service.url) as server:
        thread = server.start()
        connection = service.connection()
        connection.say_all({"type": "error", "error": {"message": "upstream boom"}},
                           {"type": "conversation.item.added", "item": {"id": "too_late"}})
        server.expect("thread/realtime/error", {"threadId": thread, "message": "upstream boom"})
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "error"})
        connection.take("session.update")
        connection.take(1000)
        server.quiet()


@test("stop while the service does not answer, and a start after it")
def _():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with parley("ws://127.0.0.1:%d" % silent.getsockname()[1]) as server:
            thread = server.thread()
            for _ in range(3):
                server.call("thread/realtime/start", threadId=thread, outputModality="audio")
            server.call("thread/realtime/stop", threadId=thread)
            server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
            server.quiet()
            server.call("thread/realtime/start", threadId=thread, outputModality="audio")


@test("the end of input closes every connection in good order")
def _():
    with Service() as service, parley(service.url) as server:
        threads = [server.start() for _ in range(4)]
        connections = [service.connection() for _ in threads]
        equal(server.finish(), 0)
        for connection in connections:
            connection.take("session.update")
            connection.take(1000)
        equal({server.expect("thread/realtime/closed", reason="requested")["threadId"] for _ in threads}, set(threads))


@test("audio that comes all at once goes out whole")
def _():
    with Service() as service, parley(service.url) as server:
        thread = server.start()
        connection = service.connection()
        connection.take("session.update")
        frames = 500  # 10 s, five times what the conversation holds
        for _ in range(frames):
            server.request("thread/realtime/appendAudio", threadId=thread, audio={
                "data": "AQID" * 320, "sampleRate": 24000, "numChannels": 1})
        for _ in range(frames):
            equal(server.take()["result"], {})
        for _ in range(frames):
            equal(connection.take("input_audio_buffer.append")["audio"], "AQID" * 320)


@test("64 conversations at once, in one loop")
def _():
    with Service() as service, parley(service.url) as server:
        threads = [server.start() for _ in range(64)]
        connections = [service.connection() for _ in threads]
        for connection in connections:
            connection.say(type="conversation.item.added", item={"id": connection.headers["x-session-id"]})
        for _ in threads:
            params = server.expect("thread/realtime/itemAdded")
            equal(params["item"]["id"], params["threadId"])
        print("# 64 conversations: %d kB" % server.memory_kb())


if __name__ == "__main__":
    run_tests()
