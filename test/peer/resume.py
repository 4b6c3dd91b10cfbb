"""A service for resume.sh, over TLS 1.2 or the newest: resume.py PORT-FILE CERTIFICATE KEY 1.2|newest

Breaks the first two connections as soon as a message has come, ends the third in good order, and prints of each
whether its TLS session was one of an earlier connection.
"""
import asyncio
import os
import ssl
import sys

import websockets


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    if sys.argv[4] == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    done = asyncio.get_running_loop().create_future()
    connections = []

    async def serve(socket, *_):
        connections.append(socket)
        await socket.recv()
        print(len(connections), "resumed" if socket.transport.get_extra_info("ssl_object").session_reused else "new")
        if len(connections) < 3:
            socket.transport.abort()
        else:
            await socket.close(1000)
            done.set_result(None)

    async with websockets.serve(serve, "127.0.0.1", 0, ssl=context, max_size=None) as server:
        with open(sys.argv[1] + ".new", "w") as file:
            file.write("%d\n" % server.sockets[0].getsockname()[1])
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        await asyncio.wait_for(done, 30)


asyncio.run(main())
