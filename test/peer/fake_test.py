"""`parley fake` from outside, by Debian's python3-websockets, by parley itself, and by parley app-server; called by
fake.sh, with the program in $PARLEY and a certificate for localhost in $CERTIFICATES.
"""
import asyncio
import base64
import json
import os
import re
import signal
import ssl
import subprocess
import tempfile
import time
import wave

import websockets

from app_server_client import PATIENCE_S, Server, equal, run_tests, subset, test

PARLEY, CERTIFICATES = os.environ["PARLEY"], os.environ["CERTIFICATES"]
TRUSTED = ssl.create_default_context(cafile=CERTIFICATES + "/server.pem")
TALK = 'use service\nheard "hello there"\nheard "please count the files in this folder"\nheard "thank you"\n'


class Fake:
    """The program, told to listen somewhere; what it printed is in .log at the end, and its status in .status."""

    def __init__(self, *options, talk=None, environment=None):
        self.folder = tempfile.TemporaryDirectory()
        command = [PARLEY, "fake", *options]
        if talk is not None:
            with open(self.folder.name + "/it.talk", "w", encoding="utf-8") as file:
                file.write(talk)
            command += ["--script", "it.talk"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        cwd=self.folder.name, env=dict(os.environ, **(environment or {})))
        self.first = self.process.stdout.readline()
        found = re.search(r'(wss?)://127\.0\.0\.1:(\d+)"?\}?\n$', self.first)
        assert found is not None, self.first
        self.port, self.base = int(found[2]), "%s://localhost:%s" % (found[1], found[2])
        self.url = self.base + "/v1/realtime?model=any"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.process.kill()
        self.end()
        self.folder.cleanup()

    def end(self, stop=True):
        """Ends it, unless it ends by itself; returns its log."""
        if not hasattr(self, "log"):
            if stop:
                self.process.send_signal(signal.SIGTERM)
            self.log, _ = self.process.communicate(timeout=PATIENCE_S)
            self.status = self.process.returncode
        return self.log

    def clean(self, stop=True):
        """Ends it; no rule may have been broken."""
        log = self.end(stop)
        assert self.status == 0 and " broken " not in log.replace(" 0 broken rules", ""), (self.status, log)
        return log

    def connect(self, url=None, key="sk-test-key", **more):
        headers = {"Authorization": "Bearer " + key} if key else {}
        return websockets.connect(url or self.url, ssl=TRUSTED if self.base.startswith("wss") else None,
                                  extra_headers=headers, open_timeout=PATIENCE_S, **more)


async def say(link, kind, **members):
    await link.send(json.dumps(dict(type=kind, **members)))


async def hear(link, kind):
    """The next event of that kind, and all before it."""
    before = []
    while True:
        event = json.loads(await asyncio.wait_for(link.recv(), PATIENCE_S))
        before.append(event)
        if event["type"] == kind:
            return event, before


def text_item(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def ask(link, text="hello"):
    """A typed turn: the response, and its events."""
    await say(link, "conversation.item.create", item=text_item(text))
    await say(link, "response.create")
    event, before = await hear(link, "response.done")
    equal(event["response"]["status"], "completed")
    return event["response"], before


def speech(name):
    with wave.open("test/vectors/speech/%s.wav" % name) as file:
        return file.readframes(file.getnframes())


async def speak(link, pcm, pause_s=0):
    for at in range(0, len(pcm), 4800):
        await say(link, "input_audio_buffer.append", audio=base64.b64encode(pcm[at:at + 4800]).decode())
        await asyncio.sleep(pause_s)


async def spoken(link):
    """A spoken conversation, as the API's guide describes one: greeting, a tool, its result, an interruption."""
    created, _ = await hear(link, "session.created")
    equal(created["session"]["type"], "realtime")
    await say(link, "session.update", session={
        "type": "realtime", "instructions": "Be kind.", "output_modalities": ["audio"],
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000},
                            "turn_detection": {"type": "server_vad", "create_response": True, "interrupt_response": True},
                            "transcription": {"model": "gpt-4o-mini-transcribe"}},
                  "output": {"voice": "marin", "format": {"type": "audio/pcm", "rate": 24000}}},
        "tools": [{"type": "function", "name": "background_agent", "description": "Works.",
                   "parameters": {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}}],
        "tool_choice": "auto"})
    await hear(link, "session.updated")
    quiet = bytes(48000)
    await speak(link, speech("hello") + quiet)
    done, events = await hear(link, "response.done")
    kinds = [event["type"] for event in events]
    order = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
             "response.created", "response.output_audio.delta", "response.output_audio.done", "response.done"]
    equal([kind for kind in order if kind in kinds], order)
    places = [kinds.index(kind) for kind in order]
    equal(places, sorted(places))
    pcm = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
    assert len(pcm) > 24000, len(pcm)
    await speak(link, speech("count") + quiet)
    call, _ = await hear(link, "response.function_call_arguments.done")
    await hear(link, "response.done")
    await say(link, "conversation.item.create",
              item={"type": "function_call_output", "call_id": call["call_id"], "output": "There are three files."})
    await say(link, "response.create")
    first, _ = await hear(link, "response.output_audio.delta")
    await say(link, "response.cancel")
    done, _ = await hear(link, "response.done")
    equal(done["response"]["status"], "cancelled")
    await say(link, "conversation.item.truncate", item_id=first["item_id"], content_index=0, audio_end_ms=0)
    await hear(link, "conversation.item.truncated")


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 2 * PATIENCE_S))


# ---- conversations ---------------------------------------------------------------------------------

for scheme, options in ("ws", ()), ("wss", ("--cert", CERTIFICATES + "/server.pem", "--key", CERTIFICATES + "/server.key")):
    @test("%s: python3-websockets holds a spoken conversation, and breaks no rule" % scheme)
    def _(options=options, scheme=scheme):
        with Fake("--once", "--speed", "4", *options, talk=TALK) as fake:
            assert fake.base.startswith(scheme + ":"), fake.base

            async def talk():
                async with fake.connect() as link:
                    await spoken(link)
            run(talk())
            assert "sk-test-key" not in fake.clean(stop=False)
            assert " closed code 1000, the client's 1000; " in fake.log, fake.log

    @test("%s: parley talk holds a spoken conversation, and breaks no rule" % scheme)
    def _(options=options):
        with Fake("--once", *options, talk=TALK) as fake:
            name = fake.folder.name
            with wave.open(name + "/user.wav", "wb") as out:
                out.setparams((1, 2, 24000, 0, "NONE", ""))
                for part, quiet_s in ("hello", 2.5), ("count", 3.0), ("thanks", 0.7):
                    out.writeframes(speech(part) + bytes(int(24000 * quiet_s) * 2))
            talk = subprocess.run(
                [PARLEY, "talk", "--url", fake.base + "/v1", "--ca-file", CERTIFICATES + "/server.pem", "--key-env", "KEY",
                 "--in", "user.wav", "--out", "heard.wav", "--json", "--agent", "cat >/dev/null; echo There are three files."],
                cwd=name, env=dict(os.environ, KEY="sk-test-key"), capture_output=True, text=True, timeout=90)
            equal(talk.returncode, 0, talk.stderr + talk.stdout[-500:] + "status")
            for event in '"user_done".*hello there', '"handoff".*count the files', '"reply_done".*There are three files':
                assert re.search(event, talk.stdout), (event, talk.stdout)
            with wave.open(name + "/heard.wav") as heard:
                pcm = memoryview(heard.readframes(heard.getnframes())).cast("h")
            assert sum(1 for sample in pcm if abs(sample) > 500) > 2 * 24000
            fake.clean(stop=False)

for protocol in "v2", "v1":
    @test("parley app-server, protocol %s: two threads at a time break no rule" % protocol)
    def _(protocol=protocol):
        with Fake("--speed", "0", talk=TALK) as fake:
            with Server("--url", fake.base, "--protocol", protocol, program=PARLEY,
                        environment={"OPENAI_API_KEY": "sk-test-key"}) as server:
                threads = [server.start(), server.start()]
                for thread in threads:
                    server.text(thread, "hello")
                for thread in threads:
                    server.call("thread/realtime/stop", threadId=thread)
                closed = set()
                while closed != set(threads):
                    message = server.notification()
                    if message["method"] == "thread/realtime/closed":
                        equal(message["params"]["reason"], "requested")
                        closed.add(message["params"]["threadId"])
            log = fake.clean()
            assert "2 connections" in log, log


@test("a hundred clients at once, each with a service of its own")
def _():
    with Fake("--max-connections", "100", "--speed", "0") as fake:
        async def one(number, gate):
            async with fake.connect() as link:
                gate.append(number)
                while len(gate) < 100:
                    await asyncio.sleep(0.01)  # all of them are connected before the first asks
                response, _ = await ask(link, "hello %d" % number)
                equal((response["id"], response["output"][0]["id"]), ("resp_0001", "item_0002"))

        async def all_of_them():
            gate = []
            await asyncio.gather(*(one(number, gate) for number in range(100)))
        run(all_of_them())
        log = fake.clean()
        assert "100 connections, 0 requests not upgraded, 200 messages taken" in log, log


@test("more than --max-connections have to wait")
def _():
    with Fake("--max-connections", "1", "--speed", "0") as fake:
        async def talk():
            first = await fake.connect()
            second = asyncio.ensure_future(fake.connect().__aenter__())
            await ask(first)
            assert not second.done()
            await first.close()
            await ask(await second)
            await (await second).close()
        run(talk())
        fake.clean()


@test("one behind the other: the n-th connection is a new session")
def _():
    with Fake("--speed", "0", talk=TALK) as fake:
        async def talk():
            heard = []
            for _ in range(3):
                async with fake.connect() as link:
                    heard.append((await ask(link))[0])
            equal(heard[0]["id"], heard[2]["id"])
        run(talk())
        fake.clean()


# ---- rules ------------------------------------------------------------------------------------------

BREAKS = [  # rule, kind of the message, its members
    ("message-json", "{", None),
    ("message-object", "[1]", None),
    ("type-missing", "{}", None),
    ("type-string", '{"type":7}', None),
    ("type-known", "response.begin", {}),
    ("append-whole", "input_audio_buffer.append", {"audio": "AAAA"}),
    ("commit-empty", "input_audio_buffer.commit", {}),
    ("session-missing", "session.update", {}),
    ("voice-known", "session.update", {"session": {"type": "realtime", "audio": {"output": {"voice": "nobody"}}}}),
    ("truncate-item", "conversation.item.truncate", {"item_id": "item_x", "content_index": 0, "audio_end_ms": 0}),
    ("delete-item", "conversation.item.delete", {"item_id": "item_x"}),
    ("retrieve-item", "conversation.item.retrieve", {"item_id": "item_x"}),
    ("cancel-idle", "response.cancel", {}),
    ("member-unknown", "input_audio_buffer.clear", {"sk-secret-key-1234": 1}),
    ("output-clear", "output_audio_buffer.clear", {}),
]


async def break_them(fake):
    async with fake.connect() as link:
        for rule, kind, members in BREAKS:
            if members is None:
                await link.send(kind)
            else:
                await say(link, kind, **members)
        await ask(link)
        for rule, kind, members in BREAKS[:1] * 70:
            await link.send(kind)


def breaches(log):
    return re.findall(r"^ *\d+\.\d{3}s #1 broken ([a-z-]+) \(", log, re.M)


@test("a client that breaks fifteen rules: each is told of, in order, and the status is 1")
def _():
    with Fake("--speed", "0", "--once") as fake:
        run(break_them(fake))
        log = fake.end(stop=False)
        equal(fake.status, 1, "status")
        equal(breaches(log)[:15], [rule for rule, _, _ in BREAKS])
        last = log.rstrip().splitlines()[-1]
        assert "85 broken rules" in last and all("%s 1" % rule in last for rule, _, _ in BREAKS[1:]), last
        assert "sk-secret" not in log, log


@test("the same with --json, and --quiet")
def _():
    with Fake("--speed", "0", "--once", "--json", "--quiet") as fake:
        equal(set(json.loads(fake.first)), {"event", "url"})
        run(break_them(fake))
        lines = [json.loads(line) for line in fake.end(stop=False).splitlines()]
        equal(fake.status, 1, "status")
        equal([line["rule"] for line in lines if line["event"] == "broken"][:15], [rule for rule, _, _ in BREAKS])
        subset(lines[0], {"event": "broken", "connection": 1, "title": "a message is JSON"})
        assert set(lines[0]) == {"t_ms", "connection", "event", "rule", "title", "excerpt"}, lines[0]
        subset(lines[-1], {"event": "summary", "connections": 1, "broken": 85, "rules": {"cancel-idle": 1}})
        equal({line["event"] for line in lines}, {"broken", "summary"})


@test("--lenient: what is only a matter of form passes")
def _():
    with Fake("--speed", "0", "--lenient", "--once") as fake:
        run(break_them(fake))
        equal(breaches(fake.end(stop=False))[:14], [rule for rule, _, _ in BREAKS if rule != "member-unknown"])


@test("an append of 15 MiB is taken, a longer one breaks a rule, and the connection goes on")
def _():
    with Fake("--once") as fake:
        async def append():
            async with fake.connect(max_size=None) as link:
                for size in 15 << 20, (15 << 20) + 6:
                    await say(link, "input_audio_buffer.append", audio="A" * (size // 3 * 4))
                error, before = await hear(link, "error")
                assert "15728640" in error["error"]["message"], error
                await ask(link)
        run(append())
        equal(breaches(fake.end(stop=False)), ["append-length"])


@test("a talk's expectation that is not met is told of: status 1")
def _():
    talk = 'use service\nexpect sent conversation.item.create item.content.0.text~"hello" before 5s\n'
    for text, status in ("hello", 0), ("goodbye", 1):
        with Fake("--once", talk=talk) as fake:
            async def converse():
                async with fake.connect() as link:
                    await say(link, "conversation.item.create", item=text_item(text))
                    try:
                        await hear(link, "conversation.item.done")
                    except websockets.ConnectionClosed:
                        pass  # the talk has failed
            run(converse())
            equal((fake.end(stop=False) and fake.status, " broken talk (" in fake.log), (status, status == 1), fake.log)


@test("a talk without the service says what stands in it")
def _():
    with Fake("--once", talk='server hello.there x=1\nserver long 100000\nexpect sent answer before 5s\nserver close 4001\n') as fake:
        async def converse():
            async with fake.connect() as link:
                equal(json.loads(await link.recv()), {"type": "hello.there", "x": 1})
                equal(len(await link.recv()), 100000)
                await say(link, "answer")
                await link.wait_closed()
                equal(link.close_code, 4001)
        run(converse())
        fake.clean(stop=False)


# ---- what goes wrong --------------------------------------------------------------------------------

async def listen(fake, asks=True):
    """What a client sees until the link ends: kinds of events, and how it ended."""
    kinds = []
    try:
        async with fake.connect(close_timeout=1) as link:
            if asks:
                await say(link, "conversation.item.create", item=text_item("hello"))
                await say(link, "response.create")
            while True:
                message = await asyncio.wait_for(link.recv(), 3)
                try:
                    kinds.append("binary" if isinstance(message, bytes) else json.loads(message)["type"])
                except ValueError:
                    kinds.append("no JSON")
                if kinds[-1] == "response.done":
                    return kinds, "done"
    except websockets.ConnectionClosed as end:
        return kinds, end.rcvd.code if end.rcvd else end.sent.code if end.sent else None
    except websockets.InvalidStatusCode as refusal:
        return kinds, refusal.status_code
    except asyncio.TimeoutError:
        return kinds, "silence"


FAULTS = [  # spec, a kind that is seen, the end
    ("split:3", "response.output_audio.delta", "done"),
    ("fragment:7", "response.output_audio.delta", "done"),
    ("delay:5ms", "response.output_audio.delta", "done"),
    ("slow-write:2000000", "response.output_audio.delta", "done"),
    ("slow-read:2000", "response.output_audio.delta", "done"),
    ("garbage@3", "no JSON", "done"),
    ("unknown@3", "fake.unknown", "done"),
    ("binary@3", "binary", "done"),
    ("error@3", "error", "done"),
    ("bad-frame@3", "session.created", 1002),
    ("drop@5", "session.created", None),
    ("break@5", "session.created", None),
    ("close:4321@5", "session.created", 4321),
    ("expire@5", "error", 1001),
    ("half-open@5", "session.created", "silence"),
    ("drop@1ms", None, None),  # on a busy machine before anything is seen
    ("refuse", None, 503),
    ("refuse:429", None, 429),
    ("split:1,fragment:50,unknown@2,garbage@4,fail-reply@6", "no JSON", "done"),
    ("drop@2%0", "response.output_audio.delta", "done"),
]
for spec, kind, end in FAULTS:
    @test("--faults %s" % spec)
    def _(spec=spec, kind=kind, end=end):
        with Fake("--speed", "0", "--faults", spec, "--seed", "5", *(["--once"] if end not in (503, 429, "silence") else [])) as fake:
            kinds, how = run(listen(fake))
            assert (kind is None or kind in kinds) and how == end, (kinds, how)
            fake.end(stop=end in (503, 429, "silence"))
            equal(fake.status, 0, fake.log)


@test("--faults no-answer: the client waits in vain")
def _():
    with Fake("--faults", "no-answer") as fake:
        async def wait():
            try:
                await websockets.connect(fake.url, extra_headers={"Authorization": "Bearer x"}, open_timeout=0.3)
            except asyncio.TimeoutError:
                return "silence"
        equal(run(wait()), "silence")


@test("the same seed breaks the same connections, at the same message")
def _():
    def outcome(seed):
        with Fake("--speed", "0", "--faults", "drop@4%50,garbage@2%50", "--seed", seed) as fake:
            return [run(listen(fake)) for _ in range(12)]
    first = outcome("7")
    equal(outcome("7"), first)
    assert {how for _, how in first} == {None, "done"}, first
    assert outcome("8") != first


# ---- the door, the clock, the end -------------------------------------------------------------------

@test("--key-env: the one key that opens; others are refused, and stand in no log")
def _():
    with Fake("--key-env", "MY_KEY", environment={"MY_KEY": "sk-right-key"}) as fake:
        async def knock(key):
            try:
                async with fake.connect(key=key):
                    return 101
            except websockets.InvalidStatusCode as refusal:
                return refusal.status_code
        equal([run(knock(key)) for key in ("sk-right-key", "sk-wrong-key", None)], [101, 401, 401])
        log = fake.clean()
        assert "right" not in log and "wrong" not in log, log


@test("--speed: the service's clock goes faster")
def _():
    def takes(*options):
        with Fake("--once", *options) as fake:
            async def converse():
                async with fake.connect() as link:
                    await hear(link, "session.created")
                    start = time.monotonic()
                    await ask(link)
                    return time.monotonic() - start
            return run(converse())
    usual, quick = takes(), takes("--speed", "0")
    assert usual > 0.5 and quick < usual, (usual, quick)


@test("SIGTERM: clients are told with 1001, and the log is closed")
def _():
    with Fake() as fake:
        async def wait():
            async with fake.connect() as link:
                await hear(link, "session.created")
                fake.process.send_signal(signal.SIGTERM)
                await link.wait_closed()
                return link.close_code
        equal(run(wait()), 1001)
        fake.clean(stop=False)


@test("a client that does not trust the certificate")
def _():
    with Fake("--cert", CERTIFICATES + "/both.pem") as fake:
        async def knock():
            try:
                await websockets.connect(fake.url, ssl=ssl.create_default_context())
            except ssl.SSLCertVerificationError:
                return "not trusted"
        equal(run(knock()), "not trusted")
        log = fake.clean()
        assert "tls: " in log, log


@test("what cannot be used on the command line: status 2, one line that says why")
def _():
    for options, words in [
        (["--listen", "here"], "--listen wants"),
        (["--listen", "127.0.0.1:70000"], "--listen wants"),
        (["--what"], "unknown option --what"),
        (["--faults", "nothing"], '"nothing" is no fault'),
        (["--faults", "split:0"], "an amount out of range"),
        (["--faults", "drop:3"], "takes no amount"),
        (["--faults", "drop@soon"], "a moment that is none"),
        (["--faults", "drop%200"], "no number from 0 to 100"),
        (["--strict", "--lenient"], "opposites"),
        (["--key", "x"], "--key goes with --cert"),
        (["--cert", "/nowhere.pem"], "--cert /nowhere.pem: "),
        (["--key-env", "NOT_SET_HERE"], "is not set"),
        (["--script", "/nowhere.talk"], "/nowhere.talk"),
    ]:
        ended = subprocess.run([PARLEY, "fake", *options], capture_output=True, text=True, timeout=PATIENCE_S)
        assert ended.returncode == 2 and words in ended.stderr and ended.stderr.count("\n") == 1, (options, ended)
    with Fake() as fake:
        second = subprocess.run([PARLEY, "fake", "--listen", str(fake.port)], capture_output=True, text=True, timeout=PATIENCE_S)
        assert second.returncode == 1 and "Address already in use" in second.stderr, second
    ended = subprocess.run([PARLEY, "fake", "--help"], capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 0 and "--faults" in ended.stdout and ended.stderr == "", ended


if __name__ == "__main__":
    run_tests()
