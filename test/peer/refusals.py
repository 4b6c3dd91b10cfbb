"""Servers that a client must refuse, or that refuse it: one for each way, on free ports of 127.0.0.1.

    refusals.py DIRECTORY

DIRECTORY holds NAME.pem and NAME.key; the ports are written to DIRECTORY/ports as "name port" lines.
"""
import asyncio
import os
import ssl
import sys

BODY = b'{"error":{"message":"Incorrect API key provided: sk-...","code":"invalid_api_key"}}'
ANSWERS = {
    "plain-http": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Hello</h1>\n",
    "http-401": b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: "
                + str(len(BODY)).encode() + b"\r\n\r\n" + BODY,
}


async def answer(reader, writer, text):
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
        pass
    writer.close()


async def silence(reader, writer):
    try:
        while await reader.read(1000):
            pass
    except OSError:
        pass
    writer.close()


async def main(directory):
    def tls(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("%s/%s.pem" % (directory, name), "%s/%s.key" % (directory, name))
        return context

    servers = {}
    for name in ("wrong-name", "stranger", "expired"):
        servers[name] = await asyncio.start_server(silence, "127.0.0.1", 0, ssl=tls(name))
    for name, text in ANSWERS.items():
        servers[name] = await asyncio.start_server(lambda r, w, t=text: answer(r, w, t), "127.0.0.1", 0,
                                                   ssl=tls("good"))
    servers["silent-tcp"] = await asyncio.start_server(silence, "127.0.0.1", 0)
    servers["silent-tls"] = await asyncio.start_server(silence, "127.0.0.1", 0, ssl=tls("good"))
    with open(directory + "/ports.new", "w") as file:
        for name, server in servers.items():
            file.write("%s %d\n" % (name, server.sockets[0].getsockname()[1]))
    os.rename(directory + "/ports.new", directory + "/ports")
    await asyncio.sleep(110)


asyncio.run(main(sys.argv[1]))
