"""A transparent proxy, as a mesh or a squid has it: `forwarder.py PORT redirect|tproxy UID MARK`.

It accepts what rules send to its port, and connects to where the client wanted to go, as that user and with that mark (0: none).
"""

import contextlib
import os
import socket
import struct
import sys
import threading

_SO_ORIGINAL_DST = 80
_IP_TRANSPARENT = 19


def main() -> None:
    """Serve until the end."""
    port, kind, uid, mark = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4], 0)
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == "tproxy":
        server.setsockopt(socket.SOL_IP, _IP_TRANSPARENT, 1)
    server.bind(("", port))
    server.listen(64)
    if uid:
        os.setuid(uid)
    while True:
        client, _ = server.accept()
        threading.Thread(target=_forward, args=(client, kind, mark), daemon=True).start()


def _forward(client: socket.socket, kind: str, mark: int) -> None:
    with client, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as target, contextlib.suppress(OSError):
        if mark:
            target.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        target.settimeout(5)
        target.connect(_wanted(client, kind))
        back = threading.Thread(target=_pump, args=(target, client), daemon=True)
        back.start()
        _pump(client, target)
        back.join(5)


def _wanted(client: socket.socket, kind: str) -> tuple[str, int]:
    if kind == "tproxy":
        address, port = client.getsockname()
        return str(address), int(port)
    port, address = struct.unpack("!2xH4s8x", client.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16))
    return socket.inet_ntoa(address), port


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
