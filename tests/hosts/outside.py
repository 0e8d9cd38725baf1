"""The internet of a box: a second network namespace with a small HTTP server and a small DNS server.

The HTTP server answers each request with the address it came from, which shows whether the box translated it. The DNS
server knows one domain: every name below `test` is 198.51.100.2, the rest does not exist.
"""

import socket
import struct
import threading

ADDRESS = "198.51.100.2"
BOX_ADDRESS = "198.51.100.1"
HTTP_PORTS = (80, 8080)
DNS_PORT = 53

_TYPE_A = 1
_NXDOMAIN = 3


def dns_answer(query: bytes) -> bytes:
    """The answer to one query of RFC 1035, section 4; raises IndexError or struct.error when it is cut short."""
    (number,) = struct.unpack_from(">H", query)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].lower())
        at += 1 + query[at]
    (kind,) = struct.unpack_from(">H", query, at + 1)
    question = query[12 : at + 5]
    known = labels[-1:] == [b"test"]
    answer = b""
    if known and kind == _TYPE_A:
        answer = b"\xc0\x0c" + struct.pack(">HHIH", _TYPE_A, 1, 1, 4) + socket.inet_aton(ADDRESS)
    flags = 0x8580 | (0 if known else _NXDOMAIN)
    return struct.pack(">HHHHHH", number, flags, 1, 1 if answer else 0, 0, 0) + question + answer


def _serve_dns(server: socket.socket) -> None:
    while True:
        query, peer = server.recvfrom(4096)
        try:
            server.sendto(dns_answer(query), peer)
        except (IndexError, struct.error, OSError):
            continue  # a truncated query, or an address that a broken box did not translate and nothing leads back to


def _serve_http(server: socket.socket) -> None:
    while True:
        connection, peer = server.accept()
        threading.Thread(target=_answer_http, args=(connection, peer[0]), daemon=True).start()


def _answer_http(connection: socket.socket, peer: str) -> None:
    connection.settimeout(5)
    with connection:
        try:
            connection.recv(65536)
            body = f"{peer}\n"
            head = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head + body).encode())
        except OSError:
            return


def serve() -> None:
    """Listen in the caller's network namespace and return; the servers run as daemon threads."""
    for port in HTTP_PORTS:
        web = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        web.bind(("", port))
        web.listen(64)
        threading.Thread(target=_serve_http, args=(web,), daemon=True).start()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("", DNS_PORT))
    threading.Thread(target=_serve_dns, args=(names,), daemon=True).start()
