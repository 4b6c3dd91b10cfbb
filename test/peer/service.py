"""A stand-in for the realtime speech service behind Debian's python3-websockets.

The WebSocket and TLS code is the library's and OpenSSL's, none of it ours; what is played here is one short
conversation with a user who speaks three times: a greeting, a request for the background agent, and an
interruption of the reply that tells the agent's result. At the end it checks what the client sent, prints a
verdict and leaves with status 0 or 1.

    service.py PORT_FILE [CERTIFICATE KEY]
"""
import asyncio
import base64
import json
import math
import os
import ssl
import struct
import sys

import websockets

RATE = 24000


def loudness(pcm):
    """Mean absolute sample of PCM16."""
    samples = struct.unpack("<%dh" % (len(pcm) // 2), pcm)
    return sum(abs(s) for s in samples) / max(1, len(samples))


def tone(ms):
    return b"".join(struct.pack("<h", int(6000 * math.sin(i / 9))) for i in range(RATE * ms // 1000))


class Service:
    def __init__(self, socket):
        self.socket = socket
        self.quiet_ms = 0
        self.speaking = False
        self.utterances = 0
        self.appended = 0
        self.response = 0
        self.sent = []  # (type, message) of the client, audio apart
        self.problems = []
        self.result = []

    async def say(self, **message):
        await self.socket.send(json.dumps(message))

    async def reply(self, text, ms):
        """A whole response, much faster than it takes to hear it."""
        self.response += 1
        rid, item = "resp_%d" % self.response, "item_reply_%d" % self.response
        await self.say(type="response.created", response={"id": rid, "conversation_id": "conv_1"})
        for word in text.split(" "):
            await self.say(type="response.output_audio_transcript.delta", response_id=rid, item_id=item,
                           delta=word + " ")
        for start in range(0, ms, 100):
            await self.say(type="response.output_audio.delta", response_id=rid, item_id=item, output_index=0,
                           content_index=0, delta=base64.b64encode(tone(min(100, ms - start))).decode())
        await self.say(type="response.output_audio_transcript.done", response_id=rid, item_id=item,
                       transcript=text)
        await self.say(type="response.done", response={"id": rid, "status": "completed", "output": []})

    async def handoff(self):
        self.response += 1
        rid = "resp_%d" % self.response
        await self.say(type="response.created", response={"id": rid, "conversation_id": "conv_1"})
        await self.say(type="conversation.item.done",
                       item={"id": "item_call", "type": "function_call", "name": "background_agent",
                             "call_id": "call_1", "arguments": json.dumps({"prompt": "count the files"})})
        await self.say(type="response.done", response={"id": rid, "status": "completed", "output": []})

    async def heard(self):
        """The user has stopped speaking."""
        self.utterances += 1
        said = ["hello there", "please count the files", "thank you"][min(self.utterances, 3) - 1]
        await self.say(type="conversation.item.input_audio_transcription.completed",
                       item_id="item_user_%d" % self.utterances, transcript=said)
        if self.utterances == 1:
            await self.reply("Hello, how can I help?", 1200)
        elif self.utterances == 2:
            await self.handoff()
        else:
            await self.reply("You are welcome.", 600)

    async def on_audio(self, pcm):
        self.appended += len(pcm)
        ms = len(pcm) * 1000 // (2 * RATE)
        if loudness(pcm) > 500:
            self.quiet_ms = 0
            if not self.speaking:
                self.speaking = True
                await self.say(type="input_audio_buffer.speech_started",
                               item_id="item_user_%d" % (self.utterances + 1))
        elif self.speaking:
            self.quiet_ms += ms
            if self.quiet_ms >= 500:
                self.speaking = False
                await self.say(type="input_audio_buffer.speech_stopped",
                               item_id="item_user_%d" % (self.utterances + 1))
                await self.heard()

    async def on_message(self, message):
        kind = message["type"]
        if kind == "input_audio_buffer.append":
            await self.on_audio(base64.b64decode(message["audio"], validate=True))
            return
        self.sent.append((kind, message))
        if kind == "session.update":
            await self.say(type="session.created", session={"id": "sess_1"})
            await self.say(type="session.updated",
                           session={"id": "sess_1", "instructions": message["session"]["instructions"]})
        elif kind == "conversation.item.create" and message["item"]["type"] == "message":
            self.result.append(message["item"]["content"][0]["text"])
        elif kind == "response.create":
            await self.reply("The agent says: " + " ".join(self.result), 6000)

    async def run(self):
        async for text in self.socket:
            if not isinstance(text, str):
                self.problems.append("a binary message came")
                continue
            await self.on_message(json.loads(text))

    def check(self):
        kinds = [kind for kind, _ in self.sent]
        outputs = [m["item"] for k, m in self.sent
                   if k == "conversation.item.create" and m["item"]["type"] == "function_call_output"]
        cuts = [m for k, m in self.sent if k == "conversation.item.truncate"]
        expect = self.problems
        if kinds[:1] != ["session.update"]:
            expect.append("the first message is not session.update")
        if self.appended < RATE * 2 * 3:
            expect.append("only %d bytes of audio came" % self.appended)
        if self.utterances < 3:
            expect.append("only %d utterances were heard" % self.utterances)
        if not any(text.startswith("[BACKEND] ") for text in self.result):
            expect.append("no progress of the agent came")
        if [o["call_id"] for o in outputs] != ["call_1"]:
            expect.append("function outputs: %r" % outputs)
        if kinds.count("response.create") != 1:
            expect.append("%d response.create came" % kinds.count("response.create"))
        if not any(c["item_id"].startswith("item_reply_") and 0 < c["audio_end_ms"] < 6000 for c in cuts):
            expect.append("no reply was truncated: %r" % cuts)
        if self.socket.close_code != 1000:
            expect.append("the close code is %r" % self.socket.close_code)
        return expect


async def main():
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    done = asyncio.get_running_loop().create_future()

    async def serve(socket, *_):
        service = Service(socket)
        headers = socket.request_headers
        if headers.get("Authorization") != "Bearer sk-test-key":
            service.problems.append("no bearer token")
        try:
            await service.run()
        except websockets.ConnectionClosed as broken:
            service.problems.append("the connection broke: %s" % broken)
        except Exception as error:  # what we did not expect is a failed test
            service.problems.append(repr(error))
        if not done.done():
            done.set_result(service.check())

    async with websockets.serve(serve, "127.0.0.1", 0, ssl=context, max_size=None) as server:
        with open(sys.argv[1] + ".new", "w") as file:
            file.write("%d\n" % server.sockets[0].getsockname()[1])
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        problems = await asyncio.wait_for(done, 110)
    for problem in problems:
        print("service:", problem)
    return 1 if problems else 0


sys.exit(asyncio.run(main()))
