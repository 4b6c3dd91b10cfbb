"""A client of `parley app-server`, and a tiny test runner that prints the Test Anything Protocol.

Nothing here is parley's own code: lines are made and read by Python's json module. Every wait has a bound, and what
a test does not expect is a failure: notifications are looked at in the order in which they come.
"""
import base64
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import traceback

PATIENCE_S = 20
TESTS = []


def test(title):
    def add(function):
        TESTS.append((title, function))
        return function
    return add


def hangs(number, frame):
    raise AssertionError("the test hangs")


def run_tests():
    signal.signal(signal.SIGALRM, hangs)
    for number, (title, function) in enumerate(TESTS, 1):
        signal.alarm(3 * PATIENCE_S)
        try:
            function()
            print("ok %d - %s" % (number, title))
        except Exception:
            print("not ok %d - %s" % (number, title))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        sys.stdout.flush()
    print("1..%d" % len(TESTS))


def equal(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError("%s is %r instead of %r" % (what, got, wanted))


def subset(got, wanted, what="message"):
    """Every member of `wanted` is in `got`; what else there is does not matter."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            raise AssertionError("%s is %r instead of an object" % (what, got))
        for name, value in wanted.items():
            if name not in got:
                raise AssertionError("%s.%s is missing in %r" % (what, name, got))
            subset(got[name], value, what + "." + name)
    else:
        equal(got, wanted, what)


class Server:
    """The program, started with a script for its service (loopback) and more options."""

    def __init__(self, *options, script=None, scripts=None, program=None, capability=True, opt_out=None, reads=True,
                 environment=None, initialize=True):
        self.folder = tempfile.TemporaryDirectory()
        command = [program or os.environ["PARLEY_LOOPBACK"], "app-server"]
        for i, text in enumerate(scripts or ([script] if script is not None else [])):
            command += ["--script", self.path("service%d.talk" % i, text)]
        self.process = subprocess.Popen(command + list(options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=self.folder.name,
                                        env=dict(os.environ, **(environment or {})))
        self.lines = queue.Queue()
        self.pending = []  # notifications that came before an answer
        self.errors = b""
        self.last_id = 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.error_reader = threading.Thread(target=self.read_errors, daemon=True)
        self.error_reader.start()
        if reads:
            self.reader.start()
        if initialize:
            capabilities = {"experimentalApi": capability, "optOutNotificationMethods": opt_out or []}
            self.send({"method": "initialize", "id": 0, "params": {
                "clientInfo": {"name": "test", "version": "1"}, "capabilities": capabilities}})
            self.send({"method": "initialized"})
            if reads:
                subset(self.take(), {"id": 0, "result": {}})

    def path(self, name, text=None):
        path = os.path.join(self.folder.name, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def read_errors(self):
        self.errors = self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            equal(self.finish(), 0, "exit status")
        else:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def finish(self):
        """The end of input; returns the exit status."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait(PATIENCE_S)
        self.error_reader.join(PATIENCE_S)
        return status

    # ---- lines

    def send_raw(self, line):
        self.process.stdin.write(line if isinstance(line, bytes) else line.encode())
        self.process.stdin.flush()

    def send(self, message):
        self.send_raw(json.dumps(message) + "\n")

    def take(self):
        line = self.lines.get(timeout=PATIENCE_S)
        if line is None:
            raise AssertionError("the server has ended: %r" % self.errors)
        return json.loads(line)

    # ---- requests

    def request(self, method, **params):
        self.last_id += 1
        self.send({"method": method, "id": self.last_id, "params": params})
        return self.last_id

    def answer(self, request):
        """The answer to a request; what is notified before it is kept."""
        while True:
            message = self.take()
            if "method" in message:
                self.pending.append(message)
                continue
            equal(message["id"], request, "id of the answer")
            return message

    def call(self, method, **params):
        message = self.answer(self.request(method, **params))
        if "result" not in message:
            raise AssertionError("%s: %r" % (method, message))
        return message["result"]

    def refused(self, code, part, method, **params):
        error = self.answer(self.request(method, **params)).get("error")
        if error is None or error["code"] != code or part not in error["message"]:
            raise AssertionError("%s: %r instead of %d ...%s..." % (method, error, code, part))

    # ---- notifications

    def notification(self):
        message = self.pending.pop(0) if self.pending else self.take()
        if "method" not in message:
            raise AssertionError("an answer nobody waits for: %r" % message)
        return message

    def expect(self, method, exactly=None, **params):
        """The next notification."""
        message = self.notification()
        equal(message["method"], method, "method of %s" % json.dumps(message)[:300])
        if exactly is not None:
            equal(message["params"], exactly, "params of " + method)
        subset(message["params"], params, method)
        return message["params"]

    def expect_item(self, thread, **item):
        got = self.expect("thread/realtime/itemAdded", threadId=thread)["item"]
        subset(got, item, "item")
        return got

    def quiet(self):
        """Nothing has been notified that was not expected: an answer overtakes nothing."""
        self.call("thread/realtime/listVoices")
        if self.pending:
            raise AssertionError("unexpected: %r" % self.pending)

    # ---- threads

    def thread(self, **params):
        thread = self.call("thread/start", **params)["thread"]
        subset(self.expect("thread/started")["thread"], {"id": thread["id"], "cwd": thread["cwd"]})
        return thread["id"]

    def start(self, thread=None, modality="audio", **params):
        """A conversation, up to its beginning. Returns the id of the thread."""
        thread = thread or self.thread()
        equal(self.call("thread/realtime/start", threadId=thread, outputModality=modality, **params), {})
        started = self.expect("thread/realtime/started", threadId=thread)
        equal(started["sessionId"], params.get("sessionId", thread), "sessionId")
        return thread

    def fails(self, part, thread=None, modality="audio", **params):
        """A start that is answered, and then fails with one error and nothing else."""
        thread = thread or self.thread()
        equal(self.call("thread/realtime/start", threadId=thread, outputModality=modality, **params), {})
        message = self.expect("thread/realtime/error", threadId=thread)["message"]
        if part not in message:
            raise AssertionError("%r is not in %r" % (part, message))
        self.quiet()
        return thread

    def not_running(self, thread):
        params = self.expect("error", threadId=thread, willRetry=False)
        equal(params["error"], {"message": "conversation is not running", "codexErrorInfo": "badRequest",
                                "additionalDetails": None})
        assert isinstance(params["turnId"], str)

    def audio(self, thread, ms=20, **more):
        data = base64.b64encode(b"\x01\x00" * (24 * ms)).decode()
        return self.call("thread/realtime/appendAudio", threadId=thread,
                         audio=dict({"data": data, "sampleRate": 24000, "numChannels": 1}, **more))

    def text(self, thread, text):
        equal(self.call("thread/realtime/appendText", threadId=thread, text=text), {})

    def memory_kb(self):
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])

    def is_sanitized(self):
        with open("/proc/%d/exe" % self.process.pid, "rb") as file:
            return b"__asan_init" in file.read()

    def end(self, thread):
        """The script says this item last: all before it was as expected on both sides."""
        self.expect_item(thread, id="end")

    def interrupt(self):
        self.process.send_signal(signal.SIGTERM)


END = "server conversation.item.added item.id=end\n"


def tool_call(call, prompt, name="background_agent"):
    item = {"id": "item_" + call, "type": "function_call", "name": name, "call_id": call,
            "arguments": json.dumps({"prompt": prompt})}
    return "server " + json.dumps({"type": "conversation.item.done", "item": item}) + "\n"


def said(call, text):
    """What the model gets to hear as the output of a function call."""
    return ("expect sent conversation.item.create item.type=function_call_output item.call_id=%s item.output~%s\n"
            % (call, json.dumps(text)))


def told(text):
    """A message of the user, or of the agent, to the model."""
    return ("expect sent conversation.item.create item.type=message item.role=user item.content.0.text=%s\n"
            % json.dumps(text))


CREATE = "expect sent response.create\n"
FINISHED = "Background agent finished."
STEERED = "steer"
