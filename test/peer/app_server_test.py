"""`parley app-server` as a client in another language sees it; called by app_server_test.sh.

The service is the loopback's, which plays the script of each test and checks what it is sent: an expectation of a
script that is not met ends the conversation with an error, which no test expects. Names like 13.13/118 are lines of
the checklist in the reference.
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from app_server_client import (CREATE, END, FINISHED, STEERED, Server, equal, run_tests, said, subset, test, told,
                               tool_call)

# ---- 13.13: notifications ---------------------------------------------------------------------------------------


@test("13.13/118 all kinds of server events become notifications")
def _():
    script = (
        'server {"type":"session.updated","session":{"id":"sess_1","instructions":"x"}}\n'
        'server {"type":"response.created","response":{"id":"resp_1"}}\n'
        'server {"type":"response.output_audio.delta","delta":"AQID","sample_rate":24000,"channels":1,'
        '"samples_per_channel":512}\n'
        'server {"type":"response.output_audio.delta","delta":"AQIDBA==","item_id":"item_a"}\n'
        'server {"type":"conversation.item.added","item":{"id":"item_1","type":"message","role":"assistant"}}\n'
        'server conversation.item.input_audio_transcription.delta delta="delegate "\n'
        'server conversation.item.input_audio_transcription.completed transcript="delegate now"\n'
        'server response.output_audio_transcript.delta delta="work"\n'
        'server response.output_audio_transcript.done transcript="working on it"\n'
        'server {"type":"response.done","response":{"id":"resp_1","status":"completed"}}\n'
        'server conversation.item.done item.id=item_1 item.type=message\n'
        'server input_audio_buffer.speech_started item_id=item_u\n'
        'server input_audio_buffer.speech_started\n'
        'server response.cancelled response.id=resp_1\n'
        + tool_call("call_1", "delegate now") +
        'server {"type":"error","error":{"type":"server_error","message":"upstream boom"}}\n')
    with Server(script=script) as server:
        thread = server.thread()
        equal(server.call("thread/realtime/start", threadId=thread, outputModality="audio", prompt="backend prompt",
                          sessionId="conv_1", voice="cedar"), {})
        server.expect("thread/realtime/started", {"threadId": thread, "sessionId": "conv_1", "version": "v2"})
        server.expect("thread/realtime/outputAudio/delta", {"threadId": thread, "audio": {
            "data": "AQID", "sampleRate": 24000, "numChannels": 1, "samplesPerChannel": 512, "itemId": None}})
        server.expect("thread/realtime/outputAudio/delta", {"threadId": thread, "audio": {
            "data": "AQIDBA==", "sampleRate": 24000, "numChannels": 1, "samplesPerChannel": None,
            "itemId": "item_a"}})
        server.expect("thread/realtime/itemAdded", {"threadId": thread, "item": {
            "id": "item_1", "type": "message", "role": "assistant"}})
        server.expect("thread/realtime/transcript/delta",
                      {"threadId": thread, "role": "user", "delta": "delegate "})
        server.expect("thread/realtime/transcript/done",
                      {"threadId": thread, "role": "user", "text": "delegate now"})
        server.expect("thread/realtime/transcript/delta",
                      {"threadId": thread, "role": "assistant", "delta": "work"})
        server.expect("thread/realtime/transcript/done",
                      {"threadId": thread, "role": "assistant", "text": "working on it"})
        server.expect("thread/realtime/itemAdded", {"threadId": thread, "item": {
            "type": "input_audio_buffer.speech_started", "item_id": "item_u"}})
        server.expect("thread/realtime/itemAdded", {"threadId": thread, "item": {
            "type": "input_audio_buffer.speech_started", "item_id": None}})
        server.expect("thread/realtime/itemAdded", {"threadId": thread, "item": {
            "type": "response.cancelled", "response_id": "resp_1"}})
        server.expect("thread/realtime/itemAdded", {"threadId": thread, "item": {
            "type": "handoff_request", "handoff_id": "call_1", "item_id": "item_call_1",
            "input_transcript": "delegate now", "active_transcript": [
                {"role": "user", "text": "delegate now"}, {"role": "assistant", "text": "working on it"}]}})
        server.expect("thread/realtime/error", {"threadId": thread, "message": "upstream boom"})
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "error"})
        server.text(thread, "too late")
        server.not_running(thread)
        server.quiet()


@test("13.13/119 text modality is asked for, and its texts are transcripts")
def _():
    script = ('expect sent session.update session.output_modalities.0=text\n'
              'server response.output_text.delta delta="hel"\n'
              'server response.output_text.done text="hello"\n')
    with Server(script=script) as server:
        thread = server.start(modality="text")
        server.expect("thread/realtime/transcript/delta", threadId=thread, role="assistant", delta="hel")
        server.expect("thread/realtime/transcript/done", threadId=thread, role="assistant", text="hello")


@test("13.13/120 the voices need neither thread nor feature")
def _():
    with Server("--no-realtime") as server:
        equal(server.call("thread/realtime/listVoices"), {"voices": {
            "v1": ["juniper", "maple", "spruce", "ember", "vale", "breeze", "arbor", "sol", "cove"],
            "v2": ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"],
            "defaultV1": "cove", "defaultV2": "marin"}})


@test("13.13/121 stop answers {} and closes as requested, and then nothing more comes")
def _():
    flood = "".join("+1ms server audio item=item_1 response=resp_1 ms=20\n" for _ in range(400))
    with Server(script=flood) as server:
        thread = server.start()
        server.expect("thread/realtime/outputAudio/delta", threadId=thread)
        stop = server.request("thread/realtime/stop", threadId=thread)
        equal(server.answer(stop)["result"], {})
        while True:
            message = server.notification()
            if message["method"] != "thread/realtime/outputAudio/delta":
                break
        equal(message, {"method": "thread/realtime/closed", "params": {"threadId": thread, "reason": "requested"}})
        server.quiet()
        server.text(thread, "too late")
        server.not_running(thread)
        server.quiet()


@test("stop when idle closes as requested too, each time")
def _():
    with Server() as server:
        thread = server.thread()
        for _ in range(2):
            equal(server.call("thread/realtime/stop", threadId=thread), {})
            server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
        server.quiet()


@test("a call over webrtc on the loopback: started, its answer, then the conversation")
def _():
    script = 'answer "v=answer\\r\\n"\n' + told("[USER] hello") + END
    with Server(script=script) as server:
        thread = server.start(transport={"type": "webrtc", "sdp": "v=offer\r\n"})
        server.expect("thread/realtime/sdp", {"threadId": thread, "sdp": "v=answer\r\n"})
        server.text(thread, "hello")
        equal(server.expect("thread/realtime/itemAdded", threadId=thread)["item"]["id"], "end")
        server.quiet()


@test("13.13/125 audio and text go to the service")
def _():
    script = "expect sent audio 120ms\n" + told("[USER] hello") + told("[USER] once only") + END
    with Server(script=script) as server:
        thread = server.start()
        equal(server.audio(thread, 20, samplesPerChannel=480, itemId=None), {})
        equal(server.audio(thread, 100), {})
        server.text(thread, "hello")
        server.text(thread, "[USER] once only")  # 13.11/104
        server.end(thread)


@test("13.13/126 text during a response asks for nothing")
def _():
    script = "server response.created response.id=resp_1\n" + told("[USER] hello") + "expect nothing sent\n" + END
    with Server(script=script) as server:
        thread = server.start()
        server.text(thread, "hello")
        server.end(thread)


@test("13.13/127 nor does it after a response was cancelled")
def _():
    script = ("server response.created response.id=resp_1\n" + told("[USER] hello")
              + "server response.cancelled response.id=resp_1\n" + told("[USER] more")
              + "server response.created response.id=resp_2\nserver response.done response.id=resp_2\n"
                "+20ms expect nothing sent\n" + END)
    with Server(script=script) as server:
        thread = server.start()
        server.text(thread, "hello")
        server.expect_item(thread, type="response.cancelled", response_id="resp_1")
        server.text(thread, "more")
        server.end(thread)


# ---- 13.13: the background agent --------------------------------------------------------------------------------

def turn(server, thread, *messages, status="completed"):
    """A turn of the agent from its beginning to its end. Returns its id."""
    begun = server.expect("turn/started", threadId=thread)["turn"]
    subset(begun, {"status": "inProgress", "items": [], "error": None})
    for message in messages:
        params = server.expect("item/completed", threadId=thread, turnId=begun["id"])
        subset(params["item"], {"type": "agentMessage", "text": message})
    ended = server.expect("turn/completed", threadId=thread)["turn"]
    subset(ended, {"id": begun["id"], "status": status})
    return ended


@test("13.13/128 a handoff goes to the agent and its work comes back")
def _():
    script = (tool_call("call_1", "count the files") + told("[BACKEND] three files") + said("call_1", FINISHED)
              + CREATE + "+20ms expect nothing sent\n" + END)
    with Server("--agent", "cat > request; echo three files", script=script) as server:
        thread = server.start()
        server.expect_item(thread, type="handoff_request", handoff_id="call_1", input_transcript="count the files")
        turn(server, thread, "three files")
        server.end(thread)
        with open(server.path("request"), encoding="utf-8") as file:  # 13.12/108, 109
            equal(file.read(), "<realtime_delegation>\n  <input>count the files</input>\n"
                               "  <transcript_delta>user: count the files</transcript_delta>\n"
                               "</realtime_delegation>", "what the agent was asked")


@test("13.13/129 a second call steers: it is acknowledged, and the agent gets it")
def _():
    script = (tool_call("call_1", "count") + told("[BACKEND] got count") + tool_call("call_2", "only C files")
              + said("call_2", STEERED) + CREATE + told("[BACKEND] got only C files")
              + said("call_1", FINISHED) + "expect nothing sent\n" + "server response.created response.id=resp_1\n"
              + "server response.done response.id=resp_1\n" + CREATE + END)
    # The first run waits until the test says so, so that the second call finds it at work.
    agent = ("request=$(sed -n 's/.*<input>\\(.*\\)<.input>.*/\\1/p'); echo got $request; echo; "
             "if [ $request = count ]; then cat gate >/dev/null; fi")
    with Server("--agent", agent, script=script) as server:
        os.mkfifo(server.path("gate"))
        thread = server.start()
        server.expect_item(thread, type="handoff_request", handoff_id="call_1")
        begun = server.expect("turn/started", threadId=thread)["turn"]
        server.expect("item/completed", turnId=begun["id"])
        server.expect_item(thread, type="handoff_request", handoff_id="call_2", input_transcript="only C files")
        with open(server.path("gate"), "w", encoding="ascii"):
            pass
        item = server.expect("item/completed", turnId=begun["id"])["item"]
        subset(item, {"type": "agentMessage", "text": "got only C files"})
        subset(server.expect("turn/completed")["turn"], {"id": begun["id"], "status": "completed"})
        server.end(thread)


@test("13.13/130 each of several messages comes before the function output")
def _():
    script = (tool_call("call_1", "go") + told("[BACKEND] one") + told("[BACKEND] two\nlines")
              + told("[BACKEND] three") + said("call_1", FINISHED) + CREATE + END)
    with Server("--agent", "printf 'one\\n\\ntwo\\nlines\\n\\nthree\\n'", script=script) as server:
        thread = server.start()
        server.expect_item(thread, type="handoff_request")
        turn(server, thread, "one", "two\nlines", "three")
        server.end(thread)


@test("13.13/131 work that needs a command runs it, in the thread's folder")
def _():
    script = tool_call("call_1", "go") + told("[BACKEND] a.c b.c") + said("call_1", FINISHED) + CREATE + END
    with Server("--agent", "ls *.c | paste -sd ' '", script=script) as server:
        folder = server.path("it's a folder")
        os.mkdir(folder)
        for name in ("b.c", "a.c"):
            server.path(os.path.join("it's a folder", name), "")
        thread = server.start(server.thread(cwd=folder))
        server.expect_item(thread, type="handoff_request")
        turn(server, thread, "a.c b.c")
        server.end(thread)


@test("13.13/132 audio flows while the agent takes its time")
def _():
    script = (tool_call("call_1", "go") + "server audio item=item_1 response=resp_1 ms=20\n" * 3
              + told("[BACKEND] done") + said("call_1", FINISHED) + CREATE + END)
    with Server("--agent", "cat gate", script=script) as server:
        os.mkfifo(server.path("gate"))
        thread = server.start()
        server.expect_item(thread, type="handoff_request")
        server.expect("turn/started")
        for _ in range(3):
            server.expect("thread/realtime/outputAudio/delta", threadId=thread)
        with open(server.path("gate"), "w", encoding="ascii") as gate:
            gate.write("done\n")
        server.expect("item/completed")
        server.expect("turn/completed")
        server.end(thread)


@test("an agent that fails says so to both sides")
def _():
    script = (tool_call("call_1", "go") + told("[BACKEND] The background agent failed: exit status 3: no such tool")
              + said("call_1", FINISHED) + CREATE + END)
    with Server("--agent", "echo no such tool >&2; exit 3", script=script) as server:
        thread = server.start()
        server.expect_item(thread, type="handoff_request")
        why = "The background agent failed: exit status 3: no such tool"
        subset(turn(server, thread, why, status="failed")["error"], {"message": why})
        server.end(thread)


@test("the client is the agent: a handoff to its end, and steering")
def _():
    script = (tool_call("call_1", "go") + told("[BACKEND] one") + tool_call("call_2", "and faster")
              + said("call_2", STEERED) + CREATE + told("[BACKEND] two") + told("[BACKEND] three")
              + said("call_1", FINISHED) + "expect nothing sent\n" + END)
    with Server(script=script) as server:
        thread = server.start()
        server.expect_item(thread, type="handoff_request", handoff_id="call_1")

        def append(handoff, text):
            equal(server.call("thread/realtime/handoffAppend", threadId=thread, handoffId=handoff, text=text), {})

        append("call_1", "one")
        server.expect_item(thread, type="handoff_request", handoff_id="call_2")
        append("call_2", "two")
        append("call_1", "three")
        server.refused(-32600, "handoff call_9 is not active", "thread/realtime/handoffAppend", threadId=thread,
                       handoffId="call_9", text="x")
        for handoff in ("call_2", "call_1"):
            equal(server.call("thread/realtime/handoffComplete", threadId=thread, handoffId=handoff), {})
        server.refused(-32600, "handoff call_1 is not active", "thread/realtime/handoffComplete", threadId=thread,
                       handoffId="call_1")
        server.end(thread)


@test("with an agent of the server's own the client is not the agent")
def _():
    with Server("--agent", "true") as server:
        server.refused(-32600, "--agent", "thread/realtime/handoffAppend", threadId=server.start(), handoffId="x",
                       text="x")


# ---- 13.13: what is refused -------------------------------------------------------------------------------------

REALTIME = {
    "thread/realtime/start": {"outputModality": "audio"},
    "thread/realtime/appendAudio": {"audio": {"data": "AQID", "sampleRate": 24000, "numChannels": 1}},
    "thread/realtime/appendText": {"text": "hello"},
    "thread/realtime/stop": {},
    "thread/realtime/handoffAppend": {"handoffId": "call_1", "text": "hello"},
    "thread/realtime/handoffComplete": {"handoffId": "call_1"},
}


@test("13.13/134 without the feature threads have no conversations")
def _():
    with Server("--no-realtime") as server:
        thread = server.thread()
        for method, params in REALTIME.items():
            server.refused(-32600, "thread %s does not support realtime conversation" % thread, method,
                           threadId=thread, **params)


@test("13.13/135 without the capability no realtime method works")
def _():
    with Server(capability=False) as server:
        thread = server.thread()
        for method, params in list(REALTIME.items()) + [("thread/realtime/listVoices", {})]:
            server.refused(-32600, method + " requires experimentalApi capability", method, threadId=thread, **params)


@test("malformed lines are refused by number, and the server goes on")
def _():
    cases = [
        (b"nonsense\n", None, -32700),
        (b"{\"id\":1,\"method\":\"thread/start\"\n", None, -32700),
        (b"{\"id\":1,\"method\":\"thread/\xff\"}\n", None, -32700),
        (b"[1,2]\n", None, -32600),
        (b"17\n", None, -32600),
        (b"{}\n", None, -32600),
        (b"{\"id\":7}\n", 7, -32600),
        (b"{\"id\":7,\"method\":3}\n", 7, -32600),
        (b"{\"id\":{},\"method\":\"thread/start\"}\n", None, -32600),
        (b"{\"id\":null,\"method\":\"thread/start\"}\n", None, -32600),
        (b"{\"id\":\"seven\",\"jsonrpc\":\"1.0\",\"method\":\"thread/start\"}\n", "seven", -32600),
        (b"{\"id\":8,\"method\":\"thread/realtime/dance\"}\n", 8, -32601),
        (b"{\"id\":9,\"method\":\"thread/start\",\"params\":[]}\n", 9, -32602),
        (b"{\"id\":9,\"method\":\"thread/start\",\"params\":3}\n", 9, -32602),
        (b"[" * 100000 + b"\n", None, -32700),
    ]
    with Server() as server:
        for line, number, code in cases:
            server.send_raw(line)
            message = server.take()
            equal((message["id"], message["error"]["code"]), (number, code), "answer to %r" % line[:60])
            assert message["error"]["message"]
        for line in (b"\n", b"  \r\n", b"{\"id\":5,\"result\":{}}\n", b"{\"method\":\"what/ever\"}\n"):
            server.send_raw(line)  # nobody waits for an answer to these
        server.quiet()


@test("wrong types are refused by name, and nothing happens")
def _():
    with Server() as server:
        thread = server.thread()
        audio = {"data": "AQID", "sampleRate": 24000, "numChannels": 1}
        cases = [
            ("thread/realtime/start", {"threadId": thread}, "outputModality is missing"),
            ("thread/realtime/start", {"threadId": thread, "outputModality": "video"}, "outputModality must be"),
            ("thread/realtime/start", {"outputModality": "audio"}, "threadId is missing"),
            ("thread/realtime/start", {"threadId": 7, "outputModality": "audio"}, "threadId must be a string"),
            ("thread/realtime/start", {"threadId": None, "outputModality": "audio"}, "threadId must be a string"),
            ("thread/realtime/start", {"threadId": thread, "outputModality": "audio", "prompt": 3},
             "prompt must be a string"),
            ("thread/realtime/start", {"threadId": thread, "outputModality": "audio", "transport": "websocket"},
             "transport must be an object"),
            ("thread/realtime/start", {"threadId": thread, "outputModality": "audio", "transport": {"type": "x"}},
             "transport.type"),
            ("thread/realtime/start", {"threadId": thread, "outputModality": "audio",
                                       "transport": {"type": "webrtc"}}, "transport.type"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": []}, "audio must be an object"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": dict(audio, data=None)}, "audio.data"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": dict(audio, data="AQ*D")},
             "audio.data is not base64 at character 2"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": dict(audio, sampleRate="24000")},
             "audio.sampleRate must be a whole number"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": dict(audio, numChannels=65536)},
             "audio.numChannels must be a whole number from 0 to 65535"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": dict(audio, samplesPerChannel=-1)},
             "audio.samplesPerChannel"),
            ("thread/realtime/appendAudio", {"threadId": thread, "audio": {"data": "AQID", "numChannels": 1}},
             "audio.sampleRate is missing"),
            ("thread/realtime/appendText", {"threadId": thread}, "text is missing"),
            ("thread/realtime/handoffAppend", {"threadId": thread, "text": "x"}, "handoffId is missing"),
            ("thread/start", {"cwd": 3}, "cwd must be a string"),
            ("thread/start", {"cwd": "/" * 2000}, "cwd can be no folder"),
            ("turn/start", {"threadId": thread, "input": "hello"}, "input must be an array"),
            ("turn/start", {"threadId": thread, "input": []}, "input holds no text"),
            ("turn/start", {"threadId": thread, "input": [{"type": "text"}]}, "input.text is missing"),
            ("turn/start", {"threadId": thread, "input": [{"text": "x"}]}, "input.type is missing"),
        ]
        for method, params, why in cases:
            server.refused(-32602, why, method, **params)
        for thread_id, why in (("nobody", "invalid thread id"), ("", "invalid thread id"),
                               ("01234567-89ab-4def-8123-456789abcdef", "thread not found: 01234567-89ab")):
            server.refused(-32600, why, "thread/realtime/stop", threadId=thread_id)
        server.refused(-32600, "there is no realtime voice `bob`", "thread/realtime/start", threadId=thread,
                       outputModality="audio", voice="bob")
        server.quiet()


@test("what is asked before initialize is refused, and so is a second one")
def _():
    with Server(initialize=False) as server:
        server.refused(-32600, "not initialized", "thread/start")
        server.refused(-32602, "capabilities.experimentalApi must be true or false", "initialize",
                       capabilities={"experimentalApi": 1})
        server.refused(-32602, "capabilities.optOutNotificationMethods must hold strings only", "initialize",
                       capabilities={"optOutNotificationMethods": ["a", 1]})
        assert "parley" in server.call("initialize", clientInfo={"name": "x"},
                                       capabilities={"experimentalApi": True})["userAgent"]
        server.refused(-32600, "already initialized", "initialize")
        server.thread()


@test("a huge line is refused by its id, passed over, and the server goes on")
def _():
    with Server() as server:
        for head, number in ((b"{\"id\":77,\"method\":\"x\",", 77), (b"{\"method\":\"x\",", None)):
            server.send_raw(head + b"\"params\":\"" + b"x" * (5 << 20) + b"\"}\n")
            message = server.take()
            equal((message["id"], message["error"]["code"]), (number, -32600))
            assert "longer than" in message["error"]["message"]
        server.send_raw(b"y" * (3 << 20) + b"\n")
        equal(server.take()["error"]["code"], -32600)
        server.start()


@test("messages look as those of the client do: with the member jsonrpc, or without")
def _():
    with Server() as server:
        server.send({"jsonrpc": "2.0", "id": "a", "method": "thread/start"})
        equal(server.take()["jsonrpc"], "2.0")
        equal(server.take()["jsonrpc"], "2.0")
        server.send({"id": "b", "method": "thread/start"})
        assert "jsonrpc" not in server.take()
        assert "jsonrpc" not in server.take()


# ---- 13.8: lifecycle --------------------------------------------------------------------------------------------

@test("13.8/75 v1: start, audio, text, events, stop")
def _():
    script = ('expect sent session.update session.type=quicksilver session.audio.output.voice=cove\n'
              'expect sent audio 20ms\n'
              'expect sent conversation.item.create item.role=user item.content.0.text=hello\n'
              'server {"type":"conversation.output_audio.delta","delta":"AQID","sample_rate":24000,"channels":1}\n'
              'server conversation.input_transcript.delta delta="hi"\n'
              'server conversation.output_transcript.delta delta="ho"\n' + END)
    with Server("--protocol", "v1", script=script) as server:
        thread = server.thread()
        server.call("thread/realtime/start", threadId=thread, outputModality="audio")
        server.expect("thread/realtime/started", {"threadId": thread, "sessionId": thread, "version": "v1"})
        server.audio(thread)
        server.text(thread, "hello")
        server.expect("thread/realtime/outputAudio/delta", audio={
            "data": "AQID", "sampleRate": 24000, "numChannels": 1, "samplesPerChannel": None, "itemId": None})
        server.expect("thread/realtime/transcript/delta", role="user", delta="hi")
        server.expect("thread/realtime/transcript/delta", role="assistant", delta="ho")
        server.end(thread)
        server.call("thread/realtime/stop", threadId=thread)
        server.expect("thread/realtime/closed", threadId=thread, reason="requested")


@test("13.8/76 without any option it is v2 with the voice marin")
def _():
    script = "expect sent session.update session.type=realtime session.audio.output.voice=marin\n" + END
    with Server(script=script) as server:
        server.end(server.start())


@test("13.8/81 the service closes")
def _():
    with Server(script="server close 1000\n") as server:
        thread = server.start()
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "transport_closed"})
        server.text(thread, "too late")
        server.not_running(thread)


@test("the connection breaks")
def _():
    with Server(script="server break\n") as server:
        thread = server.start()
        assert "broke" in server.expect("thread/realtime/error", threadId=thread)["message"]
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "error"})


@test("a binary message ends it")
def _():
    with Server(script='server binary "x"\n') as server:
        thread = server.start()
        server.expect("thread/realtime/error", message="unexpected binary realtime websocket event")
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "error"})


@test("what the service says wrongly is left out, and the conversation goes on")
def _():
    script = 'server raw "{"\nserver long 400000\nserver {"type":"error"}\nserver {"type":"new.kind"}\n' + END
    with Server("--verbose", script=script) as server:
        server.end(server.start())
        equal(server.finish(), 0)
        assert b"left out: a message of 400000 bytes" in server.errors


@test("13.8/82 and 83 audio and text find no conversation")
def _():
    with Server() as server:
        thread = server.thread()
        equal(server.audio(thread), {})
        server.not_running(thread)
        server.text(thread, "hello")
        server.not_running(thread)
        equal(server.call("thread/realtime/handoffAppend", threadId=thread, handoffId="call_1", text="x"), {})
        server.not_running(thread)
        server.quiet()


@test("13.8/86 a second start replaces the first, of which nothing more is heard")
def _():
    first = "server conversation.item.added item.id=item_old\n+10s server conversation.item.added item.id=never\n"
    with Server(scripts=[first, told("[USER] for the new one") + END]) as server:
        thread = server.start(sessionId="conv_old")
        server.expect_item(thread, id="item_old")
        server.start(thread, sessionId="conv_new")
        server.text(thread, "for the new one")
        server.end(thread)
        server.quiet()


@test("a replacement that cannot start leaves the old conversation running")
def _():
    with Server(script=told("[USER] still there") + END) as server:
        thread = server.start()
        server.fails("is not supported for v2", thread, voice="cove")
        server.text(thread, "still there")
        server.end(thread)


@test("what is said right after start is not lost")
def _():
    with Server(script="expect sent audio 20ms\n" + told("[USER] at once") + END) as server:
        thread = server.thread()
        requests = [server.request("thread/realtime/start", threadId=thread, outputModality="audio"),
                    server.request("thread/realtime/appendAudio", threadId=thread, audio={
                        "data": "AAAA" * 240, "sampleRate": 24000, "numChannels": 1}),
                    server.request("thread/realtime/appendAudio", threadId=thread, audio={
                        "data": "AAAA" * 80, "sampleRate": 24000, "numChannels": 1}),
                    server.request("thread/realtime/appendText", threadId=thread, text="at once")]
        for request in requests:
            equal(server.answer(request)["result"], {})
        server.expect("thread/realtime/started")
        server.end(thread)


# ---- 13.9: session configuration --------------------------------------------------------------------------------

def instructions(*parts):
    return "expect sent session.update " + " ".join("session.instructions~" + json.dumps(part) for part in parts) + "\n"


@test("13.9/88 and 94 the built-in prompt, with the startup context behind it")
def _():
    script = instructions("Ada", "\n\nhere stands the context") + END
    with Server("--user-name", "Ada", "--startup-context", "here stands the context", script=script) as server:
        server.end(server.start())


@test("13.10/100 the thread's folder is in the startup context, unless it is switched off")
def _():
    with tempfile.TemporaryDirectory() as folder:
        open(os.path.join(folder, "a file of ours"), "w", encoding="utf-8").close()
        script = instructions("<startup_context>", "Working directory tree:", "- a file of ours") + END
        with Server("--no-store", script=script) as server:
            server.end(server.start(server.thread(cwd=folder), prompt=""))
        with Server("--startup-context", "off", script='expect sent session.update session.instructions=""\n' + END) as server:
            server.end(server.start(server.thread(cwd=folder), prompt=""))


@test("13.9/89 and 95 null or empty prompts, and an empty context, are none at all")
def _():
    with Server("--startup-context", "", script='expect sent session.update session.instructions=""\n' + END) as server:
        server.end(server.start(prompt=None))
        server.end(server.start(prompt=""))


@test("13.9/90 and 91 a voice that is asked for wins over that of the command line")
def _():
    scripts = ["expect sent session.update session.audio.output.voice=%s\n" % voice + END for voice in ("ash", "echo")]
    with Server("--voice", "ash", scripts=scripts) as server:
        server.end(server.start())
        server.end(server.start(voice="echo"))


@test("13.9/92 a voice of the other version")
def _():
    with Server() as server:
        server.fails("realtime voice `cove` is not supported for v2; supported voices: alloy, ash, ballad, coral, echo, "
                     "sage, shimmer, verse, marin, cedar", voice="cove")
    with Server("--protocol", "v1") as server:
        server.fails("realtime voice `marin` is not supported for v1; supported voices: juniper, maple, spruce, ember, "
                     "vale, breeze, arbor, sol, cove", voice="marin")


@test("13.9/93 the prompt of the command line wins, unless blank")
def _():
    alone = ("--startup-context", "off", "--backend-prompt")
    with Server(*alone, "mine", script='expect sent session.update session.instructions=mine\n' + END) as server:
        server.end(server.start(prompt="yours"))
    with Server(*alone, "  ", script='expect sent session.update session.instructions=yours\n' + END) as server:
        server.end(server.start(prompt="yours"))


@test("13.9/96 and 97 text is for v2 alone")
def _():
    with Server("--protocol", "v1") as server:
        server.fails("text realtime output modality requires realtime v2", modality="text")


@test("transcription listens and says nothing")
def _():
    script = ("expect sent session.update session.type=transcription\n"
              'server conversation.item.input_audio_transcription.completed transcript="heard"\n')
    with Server("--session", "transcription", script=script) as server:
        thread = server.start()
        server.expect("thread/realtime/transcript/done", threadId=thread, role="user", text="heard")


# ---- 13.11: mirroring, turns ------------------------------------------------------------------------------------

def type_turn(server, thread, *texts):
    """A typed turn, up to the message of the user. Returns its id."""
    begun = server.call("turn/start", threadId=thread, input=[{"type": "text", "text": text} for text in texts])["turn"]
    equal(begun["status"], "inProgress")
    return begun["id"]


@test("13.11/102 a typed turn is mirrored, and asks for nothing")
def _():
    with Server(script=told("[USER] look at this") + "+20ms expect nothing sent\n" + END) as server:
        thread = server.start()
        turn_id = type_turn(server, thread, "look ", "at this")
        server.expect("turn/started", threadId=thread)
        item = server.expect("item/completed", threadId=thread, turnId=turn_id)["item"]
        subset(item, {"type": "userMessage", "content": [{"type": "text", "text": "look at this"}]})
        subset(server.expect("turn/completed", threadId=thread)["turn"], {"id": turn_id, "status": "completed"})
        server.end(thread)


@test("13.11/103 a long one is cut in the mirror, and whole for the agent")
def _():
    text = "begin " + "x" * 20000 + " end"
    script = 'expect sent conversation.item.create item.content.0.text~"[USER] begin xxx" ' \
             'item.content.0.text~"xxx end" item.content.0.text~"truncated"\n' + END
    with Server("--agent", "tail -n 1 | wc -c", script=script) as server:
        thread = server.start()
        turn_id = type_turn(server, thread, text)
        got = {}
        while not {"turn/completed", "thread/realtime/itemAdded"} <= set(got):  # in whatever order
            message = server.notification()
            got[message["method"] + message["params"].get("item", {}).get("type", "")] = message["params"]
        equal(got["item/completedagentMessage"]["item"]["text"], str(len(text)), "what the agent got")
        equal(got["turn/completed"]["turn"]["id"], turn_id)


@test("10.6 the agent is told when the user begins to speak with it, and when no longer")
def _():
    with Server("--agent", "cat >> seen; echo '|' >> seen", script="") as server:
        thread = server.thread()

        def type_one(text):
            type_turn(server, thread, text)
            for method in ("turn/started", "item/completed", "turn/completed"):
                server.expect(method)

        type_one("one")
        server.start(thread)
        type_one("two")
        type_one("three")
        server.call("thread/realtime/stop", threadId=thread)
        server.expect("thread/realtime/closed")
        type_one("four")
        with open(server.path("seen"), encoding="utf-8") as file:
            seen = file.read().split("|\n")
        equal((seen[0], seen[2]), ("one", "three"))
        assert seen[1].startswith("<realtime_conversation>\nRealtime conversation started.") and seen[1].endswith("\ntwo")
        assert "Reason: inactive\n</realtime_conversation>" in seen[3] and seen[3].endswith("\nfour"), seen[3]


@test("a typed turn while one runs joins it, and so does a handoff")
def _():
    script = told("[USER] first") + told("[USER] second") + tool_call("call_1", "third") \
        + told("[BACKEND] got 1") + told("[BACKEND] got 2") + told("[BACKEND] got 3") + said("call_1", FINISHED) \
        + CREATE + END
    agent = "cat > /dev/null; n=$(($(cat n 2>/dev/null) + 1)); echo $n > n; [ $n != 1 ] || cat gate; echo got $n"
    with Server("--agent", agent, script=script) as server:
        os.mkfifo(server.path("gate"))
        thread = server.start()
        turn_id = type_turn(server, thread, "first")
        server.expect("turn/started")
        server.expect("item/completed")
        equal(type_turn(server, thread, "second"), turn_id)
        server.expect("item/completed", turnId=turn_id)
        server.expect_item(thread, type="handoff_request", handoff_id="call_1")
        with open(server.path("gate"), "w", encoding="ascii"):
            pass
        for number in (1, 2, 3):
            item = server.expect("item/completed", turnId=turn_id)["item"]
            subset(item, {"type": "agentMessage", "text": "got %d" % number})
        server.expect("turn/completed")
        server.end(thread)


# ---- 13.12: handoffs --------------------------------------------------------------------------------------------

@test("13.12/105 silence is acknowledged and stays silent")
def _():
    script = (tool_call("call_1", "x", name="remain_silent")
              + 'expect sent conversation.item.create item.type=function_call_output item.call_id=call_1 item.output=""\n'
              + "+20ms expect nothing sent\n" + END)
    with Server("--agent", "echo never", script=script) as server:
        server.end(server.start())


V1_CALL = ("server conversation.handoff.requested handoff_id=%s item_id=item_%s input_transcript=%s\n")
V1_APPEND = "expect sent conversation.handoff.append handoff_id=%s output_text~%s\n"


@test("13.12/106 and 107 v1: every message of the agent is appended to the handoff")
def _():
    script = (V1_CALL % ("h1", "h1", "work") + "server conversation.item.done item.id=item_h1 item.type=message\n"
              + V1_APPEND % ("h1", '"Agent Final Message"') + V1_APPEND % ("h1", "two") + "expect nothing sent\n" + END)
    with Server("--protocol", "v1", "--agent", "printf 'one\\n\\ntwo\\n'", script=script) as server:
        thread = server.start()
        server.expect_item(thread, type="handoff_request", handoff_id="h1", item_id="item_h1", input_transcript="work")
        got = [server.notification() for _ in range(5)]
        methods = [message["method"] for message in got]
        equal(sorted(methods), ["item/completed", "item/completed", "thread/realtime/itemAdded", "turn/completed",
                                "turn/started"])


@test("13.12/110 a second handoff tells what was said since the first")
def _():
    script = (tool_call("call_1", "one") + said("call_1", "") + CREATE
              + 'server conversation.item.input_audio_transcription.completed transcript="and then"\n'
              + tool_call("call_2", "two") + said("call_2", "") + END)
    with Server("--agent", "cat >> seen", script=script) as server:
        thread = server.start()
        server.expect_item(thread, type="handoff_request", handoff_id="call_1")
        turn(server, thread)
        server.expect("thread/realtime/transcript/done")
        item = server.expect_item(thread, type="handoff_request", handoff_id="call_2")
        equal(item["active_transcript"], [{"role": "user", "text": "and then"}, {"role": "user", "text": "two"}])
        turn(server, thread)
        server.end(thread)
        with open(server.path("seen"), encoding="utf-8") as file:
            assert "<transcript_delta>user: and then\nuser: two</transcript_delta>" in file.read()


@test("13.12/111, 112 and 116 items with text start no turn, and nobody's work goes nowhere")
def _():
    script = ('server {"type":"conversation.item.added","item":{"id":"item_1","type":"message","role":"user",'
              '"content":[{"type":"input_text","text":"do something"}]}}\n'
              + told("[USER] typed")
              + 'server {"type":"conversation.item.created","item":{"id":"item_2","type":"message","role":"user"}}\n'
              "server audio ms=20\n+20ms expect nothing sent\n" + END)
    with Server("--agent", "echo an answer", script=script) as server:
        thread = server.start()
        server.expect_item(thread, id="item_1")
        type_turn(server, thread, "typed")
        got = [server.notification() for _ in range(7)]
        equal(len([m for m in got if m["method"] == "turn/started"]), 1, "turns")
        equal(len([m for m in got if m["method"] == "thread/realtime/outputAudio/delta"]), 1, "audio notifications")


# ---- several at once, slow ones ---------------------------------------------------------------------------------

@test("eight threads at once, each with its own conversation")
def _():
    script = "expect sent audio 100ms\nserver audio ms=20\n" + told("[USER] hello") + END
    with Server(script=script) as server:
        threads = [server.start() for _ in range(8)]
        equal(len(set(threads)), 8)
        for _ in range(5):
            for thread in threads:
                server.audio(thread)
        for thread in threads:
            server.text(thread, "hello")
        ends, audio = set(), set()
        while len(ends) < 8:
            message = server.notification()
            which = audio if message["method"] == "thread/realtime/outputAudio/delta" else ends
            if which is ends:
                equal(message["params"]["item"]["id"], "end")
            which.add(message["params"]["threadId"])
        equal(audio, set(threads))
        server.call("thread/realtime/stop", threadId=threads[3])
        server.expect("thread/realtime/closed", threadId=threads[3])
        server.quiet()


@test("threads have a bound, and an archived one makes room")
def _():
    with Server("--max-threads", "2", script="") as server:
        first, second = server.start(), server.thread()
        server.refused(-32603, "2 threads already", "thread/start")
        equal(server.call("thread/archive", threadId=second), {})
        server.expect("thread/archived", {"threadId": second})
        server.refused(-32600, "thread not found", "thread/archive", threadId=second)
        server.start()
        equal(server.call("thread/archive", threadId=first), {})  # while it is live
        server.expect("thread/archived", {"threadId": first})
        server.quiet()
        server.start()


@test("notifications that are opted out of do not come")
def _():
    script = "server audio ms=20\nserver response.output_audio_transcript.delta delta=x\n" + END
    names = ["thread/realtime/outputAudio/delta", "thread/realtime/transcript/delta", "no/such/thing"]
    with Server(script=script, opt_out=names) as server:
        server.end(server.start())


def stays_small(server, small_kb):
    """Within 16 MB of what it was, unless a sanitizer, which keeps what was freed, is in the program."""
    now_kb = server.memory_kb()
    assert server.is_sanitized() or now_kb < small_kb + 16 * 1024, "%d kB after %d kB" % (now_kb, small_kb)


@test("a slow reader loses audio, is told how much, and loses nothing else")
def _():
    frames, ms = 4000, 20
    words = 100
    script = "".join("server audio item=item_1 response=resp_1 ms=%d\n" % ms
                     + ("server response.output_audio_transcript.delta delta=word%d\n" % (i * words // frames)
                        if i % (frames // words) == 0 else "") for i in range(frames)) + told("[USER] go on") + END
    with Server(script=script, reads=False) as server:
        server.send({"method": "thread/start", "id": 1})
        line = [json.loads(server.process.stdout.readline()) for _ in range(3)][1]
        thread = line["result"]["thread"]["id"]
        server.send({"method": "thread/realtime/start", "id": 2,
                     "params": {"threadId": thread, "outputModality": "audio"}})
        # This text is taken while nobody reads; the script goes on behind it, so all of the audio was said by then.
        server.send({"method": "thread/realtime/appendText", "id": 3, "params": {"threadId": thread, "text": "go on"}})
        small_kb = server.memory_kb()
        wait_for_idle(server)
        server.reader.start()
        got = shed = shed_ms = 0
        heard = []
        while True:
            message = server.take()
            method, params = message.get("method"), message.get("params")
            if method == "thread/realtime/outputAudio/delta":
                got += 1
            elif method == "thread/realtime/outputAudio/shed":
                shed += params["notifications"]
                shed_ms += params["durationMs"]
            elif method == "thread/realtime/transcript/delta":
                heard.append(params["delta"])
            elif method == "thread/realtime/itemAdded":
                break
            else:
                assert method in (None, "thread/realtime/started"), message
        if shed == 0:  # told once there is room again, which is after the last item here
            params = server.expect("thread/realtime/outputAudio/shed", threadId=thread)
            shed, shed_ms = params["notifications"], params["durationMs"]
        equal(heard, ["word%d" % i for i in range(words)], "transcript")
        equal(got + shed, frames, "frames heard or told as lost")
        equal(shed_ms, shed * ms, "lost ms")
        assert shed > frames / 4, shed
        stays_small(server, small_kb)
        print("# %d of %d audio notifications shed; memory at most %d kB" % (shed, frames, server.memory_kb()))


def wait_for_idle(server):
    """Until the program has nothing left to do but to wait for its reader: it takes no more processor time."""
    ticks, same = None, 0
    while same < 5:
        with open("/proc/%d/stat" % server.process.pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        now = (fields[11], fields[12])
        same = same + 1 if now == ticks and fields[0] == "S" else 0  # asleep, and not just kept waiting
        ticks = now
        time.sleep(0.05)


@test("a client that reads nothing for long gets every answer in the end")
def _():
    with Server(reads=False) as server:
        count, small_kb = 30000, server.memory_kb()

        def write():
            for i in range(count):
                server.send({"id": i + 1, "method": "thread/realtime/listVoices"})

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        wait_for_idle(server)
        assert writer.is_alive(), "the server took all requests although nobody read their answers"
        server.reader.start()
        equal([server.take()["id"] for _ in range(count + 1)], list(range(count + 1)))
        stays_small(server, small_kb)


# ---- the end ----------------------------------------------------------------------------------------------------

@test("the end of input stops what is live in good order")
def _():
    with Server(script="") as server:
        thread = server.start()
        equal(server.finish(), 0)
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
        assert server.lines.get(timeout=5) is None


@test("a last line without its end is a line")
def _():
    with Server() as server:
        server.send_raw(b'{"id":5,"method":"thread/realtime/listVoices"}')
        equal(server.finish(), 0)
        equal(server.take()["id"], 5)


@test("a signal ends it as the end of input does")
def _():
    with Server(script="") as server:
        thread = server.start()
        server.interrupt()
        server.expect("thread/realtime/closed", {"threadId": thread, "reason": "requested"})
        equal(server.process.wait(10), 0)


@test("an agent at work ends with the server")
def _():
    with Server("--agent", "echo $$ > pid; cat gate", script=tool_call("call_1", "go")) as server:
        os.mkfifo(server.path("gate"))
        thread = server.start()
        server.expect_item(thread, type="handoff_request")
        server.expect("turn/started")
        while not os.path.exists(server.path("pid")) or os.path.getsize(server.path("pid")) == 0:
            pass
        with open(server.path("pid"), encoding="ascii") as file:
            pid = int(file.read())
        equal(server.finish(), 0)
        assert not os.path.exists("/proc/%d" % pid)


@test("each conversation is recorded in a file of its own, which is held again")
def _():
    with tempfile.TemporaryDirectory() as folder:
        records = os.path.join(folder, "not", "there yet")
        with Server("--record", records, script='server response.output_audio_transcript.delta delta="hi"\n') as server:
            thread = server.thread()
            for _ in range(2):
                equal(server.call("thread/realtime/start", threadId=thread, outputModality="audio", prompt="x"), {})
                server.expect("thread/realtime/started")
                server.expect("thread/realtime/transcript/delta")
                equal(server.call("thread/realtime/stop", threadId=thread), {})
                server.expect("thread/realtime/closed")
        names = sorted(os.listdir(records))
        equal(names, ["%s-%d.jsonl" % (thread, number) for number in (1, 2)])
        for name in names:
            path = os.path.join(records, name)
            equal(os.stat(path).st_mode & 0o777, 0o600)
            said = subprocess.run([os.environ["PARLEY_LOOPBACK"], "replay", path], capture_output=True, check=False)
            equal(said.returncode, 0, said.stderr)
            assert b"the same" in said.stdout and b"torn" not in said.stdout, said.stdout


@test("output that nobody reads any more ends it, with a word about it")
def _():
    with Server(reads=False) as server:
        server.process.stdout.close()
        server.send({"id": 1, "method": "thread/start"})
        equal(server.process.wait(10), 1)
        server.error_reader.join(5)
        assert b"standard output" in server.errors
        server.process.stdin.close()
        server.process.returncode = 0


@test("the command line is checked")
def _():
    for options, part in ((["--protocol", "v3"], b"--protocol wants v2 or v1"), (["--max-threads", "0"], b"from 1 to 1024"),
                          (["--agent", ""], b"--agent wants a command"), (["--record-audio", "off"], b"need --record"),
                          (["--record", "/dev/null/x"], b"/dev/null/x: "), (["--what"], b"unknown option --what"),
                          (["--script", "/no/such"], b"/no/such: "), (["x"], b"app-server takes options only"),
                          (["--key-env", "NO_SUCH_KEY", "--key-file", "x"], b"two keys")):
        server = Server(*options, initialize=False)
        equal(server.finish(), 2)
        assert part in server.errors, server.errors


if __name__ == "__main__":
    run_tests()
    sys.exit(0)
