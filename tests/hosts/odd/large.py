"""A server of large answers: `large.py PORT PID`, 200,000 bytes for each request, until the process PID has ended."""

import contextlib
import os
import socket
import sys

_HEAD = b"HTTP/1.0 200 OK\r\nContent-Length: 200000\r\n\r\n"


def main() -> None:
    """Serve on all addresses of both families."""
    port, pid = sys.argv[1:3]
    server = socket.create_server(("", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
    server.settimeout(0.5)
    while os.path.exists(f"/proc/{pid}"):
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            client.settimeout(5)
            with client:
                client.recv(65536)
                client.sendall(_HEAD + b"x" * 200000)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass


if __name__ == "__main__":
    main()
