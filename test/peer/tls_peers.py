#!/usr/bin/python3
"""Peers for tls_matrix.sh: every kind of TLS server, and of what is none, on ports of 127.0.0.1.

usage: tls_peers.py DIRECTORY      with the certificates tls_matrix.sh makes

Prints a line "name port" for each, closes its output, and serves until it is ended. A TLS peer that
has shaken hands tells first what it saw of the client in a line "sni=... alpn=... version=... resumed=...".
"""

import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

directory = sys.argv[1]


def in_directory(name):
    return os.path.join(directory, name)


def context_of(certificate, **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(settings.get("ciphers", "DEFAULT@SECLEVEL=0"))
    context.load_cert_chain(in_directory(certificate + ".pem"), in_directory(certificate + ".key"))
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # a client that leaves without close_notify is an error
    context.set_alpn_protocols(["http/1.1"])
    context.minimum_version = settings.get("oldest", ssl.TLSVersion.TLSv1_2)
    context.maximum_version = settings.get("newest", ssl.TLSVersion.TLSv1_3)
    if settings.get("asks_certificate"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(in_directory("ca.pem"))
    seen = threading.local()

    def on_name(connection, name, _):
        seen.name = name

    context.sni_callback = on_name
    return context, seen


def tls(serve, certificate, **settings):
    lasting = context_of(certificate, **settings)  # its sessions, and the key of its tickets

    def peer(connection):
        context, seen = context_of(certificate, **settings) if settings.get("forgets") else lasting
        seen.name = None
        with context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as secured:
            saw = (seen.name, secured.selected_alpn_protocol(), secured.version(), secured.session_reused)
            secured.sendall(("sni=%s alpn=%s version=%s resumed=%s\n" % saw).encode())
            serve(secured)

    return peer


# ---- what a peer does once it is connected -----------------------------------------------------------


def echo(connection):
    """Sends back what comes, until the client says goodbye (in TLS: by close_notify, noted in a file)."""
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
        open(in_directory("goodbye"), "w").close()
    except ssl.SSLEOFError:
        open(in_directory("no-goodbye"), "w").close()


def slow_echo(connection):
    """Reads nothing before it is told to by a file, so that the client's writes get stuck."""
    for _ in range(1000):
        if os.path.exists(in_directory("read-on")):
            break
        time.sleep(0.005)
    echo(connection)


def goodbye(connection):
    connection.settimeout(5)
    connection.unwrap()


def vanish(connection):
    """Closes the connection below TLS."""
    os.close(connection.detach())


def close(connection):
    pass


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def by_openssl(command, version):
    """Goes through `openssl s_server`, which does on command what Python's ssl cannot; it says hello afterwards."""
    program = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", version]
    program += ["-cert", in_directory("good.pem"), "-key", in_directory("good.key")]

    def peer(connection):
        pipe = subprocess.PIPE
        with subprocess.Popen(program, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, bufsize=0) as server:
            accept = next(line for line in server.stdout if line.startswith(b"ACCEPT"))
            with socket.create_connection(("127.0.0.1", int(accept.split(b":")[-1]))) as inner:
                threading.Thread(target=pass_on, args=(connection, inner), daemon=True).start()
                threading.Thread(target=pass_on, args=(inner, connection), daemon=True).start()
                for line in server.stdout:
                    if b"Secure Renegotiation IS" in line:  # the last it says of the handshake
                        server.stdin.write(command + b"\n")
                    if b"SSL_do_handshake" in line:  # what it says of that command
                        server.stdin.write(b"hello\n")

    return peer


# ---- raw peers, which get the client's hello and answer it ---------------------------------------------


def receive(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise OSError("the client is gone")
        data += more
    return data


def receive_record(connection):
    header = receive(connection, 5)
    receive(connection, int.from_bytes(header[3:], "big"))


def answer(data, then=close):
    def peer(connection):
        receive_record(connection)
        connection.sendall(data)
        then(connection)

    return peer


def after_a_byte(then):
    def peer(connection):
        receive(connection, 1)
        then(connection)

    return peer


def silent(connection):
    while connection.recv(65536):
        pass


def message(version, kind, body):
    """One handshake message in a record of its own."""
    framed = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return b"\x16" + version + len(framed).to_bytes(2, "big") + framed


def server_hello(version):
    return message(version, 2, version + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0")


def certificate(der):
    one = len(der).to_bytes(3, "big") + der
    return message(b"\x03\x03", 11, len(one).to_bytes(3, "big") + one)


V = ssl.TLSVersion
PEERS = {
    "good": tls(echo, "good"),
    "good-1.2": tls(echo, "good", newest=V.TLSv1_2),
    "good-1.3": tls(echo, "good", oldest=V.TLSv1_3),
    "good-rsa": tls(echo, "good-rsa"),
    "chacha": tls(echo, "good", newest=V.TLSv1_2, ciphers="ECDHE-ECDSA-CHACHA20-POLY1305"),
    "address": tls(echo, "address"),
    "address6": tls(echo, "address6"),
    "wildcard": tls(echo, "wildcard"),
    "common-name": tls(echo, "common-name"),
    "chain": tls(echo, "chain"),
    "chain-cut": tls(echo, "chain-cut"),
    "wrong-name": tls(echo, "wrong-name"),
    "many-names": tls(echo, "many-names"),
    "large": tls(echo, "large"),
    "large-1.2": tls(echo, "large", newest=V.TLSv1_2),
    "odd-name": tls(echo, "odd-name"),
    "stranger": tls(echo, "stranger"),
    "self-signed": tls(echo, "self-signed"),
    "expired": tls(echo, "expired"),
    "future": tls(echo, "future"),
    "all-wrong": tls(echo, "all-wrong"),
    "weak": tls(echo, "weak"),
    "for-clients": tls(echo, "for-clients"),
    "tls-1.1": tls(echo, "good", oldest=V.TLSv1_1, newest=V.TLSv1_1),
    "no-suite": tls(echo, "good", newest=V.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
    "asks-1.2": tls(echo, "good", newest=V.TLSv1_2, asks_certificate=True),
    "asks-1.3": tls(echo, "good", oldest=V.TLSv1_3, asks_certificate=True),
    "forgets-1.2": tls(echo, "good", newest=V.TLSv1_2, forgets=True),
    "forgets-1.3": tls(echo, "good", oldest=V.TLSv1_3, forgets=True),
    "slow": tls(slow_echo, "good"),
    "goodbye": tls(goodbye, "good"),
    "vanish": tls(vanish, "good"),
    "key-update": by_openssl(b"K", "-tls1_3"),
    "renegotiate": by_openssl(b"r", "-tls1_2"),
    "plain": echo,
    "plain-close": after_a_byte(close),
    "plain-reset": after_a_byte(reset),
    "http": answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "short": answer(b"no\n"),
    "binary": answer(b"\xff\x00\x1b[31m"),
    "silent": silent,
    "reset": answer(b"", reset),
    "closes": answer(b""),
    "cut": answer(server_hello(b"\x03\x03")[:20]),
    "no-certificate": answer(server_hello(b"\x03\x03") + certificate(b"\x30\x81\xc8" + bytes(200)), silent),
    "old-hello": answer(server_hello(b"\x03\x02"), silent),
    "garbage": answer(message(b"\x03\x03", 2, b"\x03\x03" + b"\x55" * 64), silent),
}


def serve_one(peer, connection):
    connection.settimeout(10)
    try:
        with connection:
            peer(connection)
    except OSError:
        pass  # a client that refuses us is what most of the tests are about


def listen(peer):
    listener = socket.create_server(("127.0.0.1", 0))

    def loop():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_one, args=(peer, connection), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


nobody = socket.socket()  # bound, so that the port stays ours, but listening is what it does not
nobody.bind(("127.0.0.1", 0))
for name, peer in PEERS.items():
    print(name, listen(peer))
print("nobody", nobody.getsockname()[1], flush=True)
sys.stdout.close()
os.close(1)
threading.Event().wait()
