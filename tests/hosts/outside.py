"""The internet of a box: a second network namespace with a small HTTP server and a small DNS server.

The HTTP server answers each request with the address it came from, which shows whether the box translated it. The DNS
server knows one domain: every name below `test` is 198.51.100.2, the rest does not exist.
"""

import itertools
import re
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
            _read_request(connection)
            body = f"{peer}\n"
            head = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head + body).encode())
        except OSError:
            return


def _read_request(connection: socket.socket) -> None:
    """Read a request with its body: a large one shows whether full packets arrive."""
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    left = int(length[1]) - len(body) if length else 0
    while left > 0 and (more := connection.recv(65536)):
        left -= len(more)


def serve() -> None:
    """Listen in the caller's network namespace and return; the servers run as daemon threads."""
    for family, port in itertools.product((socket.AF_INET, socket.AF_INET6), HTTP_PORTS):
        web = socket.socket(family, socket.SOCK_STREAM)
        web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            web.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        web.bind(("", port))
        web.listen(64)
        threading.Thread(target=_serve_http, args=(web,), daemon=True).start()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("", DNS_PORT))
    threading.Thread(target=_serve_dns, args=(names,), daemon=True).start()
