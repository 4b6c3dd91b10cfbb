"""What the services of app_server_wss_test.py and app_server_call_test.py have in common: Debian's python3-websockets, in
a thread of its own.
"""
import asyncio
import json
import queue
import threading

import websockets

from app_server_client import PATIENCE_S, equal


class WebSocketServer:
    """Accepts conversations, one after another; what each does is up to the test. A class made of it has

    meet(port)              opens its own port, if it needs one, and stays under a URL
    look(path, headers)     refuses a connection: status, headers and body; or None
    """

    def __init__(self):
        self.connections = queue.Queue()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.main()), daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(PATIENCE_S)
        return self

    def __exit__(self, kind, value, trace):
        self.loop.call_soon_threadsafe(self.done.set)
        self.thread.join(PATIENCE_S)

    async def main(self):
        self.loop, self.done = asyncio.get_running_loop(), asyncio.Event()
        async with websockets.serve(self.converse, "127.0.0.1", 0, process_request=self.look, close_timeout=1) as server:
            await self.meet(server.sockets[0].getsockname()[1])

    async def stay(self, url):
        """Clients can come there, until the test is over."""
        self.url = url
        self.ready.set()
        await self.done.wait()

    async def converse(self, socket, path):
        connection = Connection(self, socket, path)
        self.connections.put(connection)
        try:
            async for message in socket:
                connection.messages.put(json.loads(message))
        except websockets.ConnectionClosed:
            pass
        connection.messages.put(socket.close_code)

    def connection(self):
        return self.connections.get(timeout=PATIENCE_S)


class Connection:
    def __init__(self, service, socket, path):
        self.service, self.socket, self.path, self.headers = service, socket, path, socket.request_headers
        self.messages = queue.Queue()

    def take(self, kind):
        """The next message that was sent, or the code it was closed with."""
        message = self.messages.get(timeout=PATIENCE_S)
        equal(message if isinstance(message, int) else message["type"], kind)
        return message

    def run(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self.service.loop).result(PATIENCE_S)

    def say(self, **message):
        self.say_all(message)

    def say_all(self, *messages):
        """In one go: the client sees none of them before the last is under way."""
        async def send():
            await asyncio.gather(*(self.socket.send(json.dumps(message)) for message in messages))
        self.run(send())

    def close(self):
        self.run(self.socket.close(1000))

    def abort(self):
        self.service.loop.call_soon_threadsafe(self.socket.transport.abort)
