"""A TLS server for tls.sh: peer.py CERTIFICATE KEY prints a port for TLS 1.2 and one for the newest, and greets."""
import os
import socket
import ssl
import sys
import threading


def listen(newest):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.maximum_version = newest
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.sendall(b"twenty bytes of hello\n")
                secured.recv(1)
        except OSError:
            pass

    def loop():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


print(listen(ssl.TLSVersion.TLSv1_2), listen(ssl.TLSVersion.MAXIMUM_SUPPORTED), flush=True)
sys.stdout.close()
os.close(1)
threading.Event().wait()
