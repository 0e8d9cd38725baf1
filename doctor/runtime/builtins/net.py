"""Builtins that use the network, with numeric addresses: the C library resolves nothing."""

import _socket
import os
import select
import time
from contextlib import suppress

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.builtins import dns
from doctor.runtime.builtins.answers import builtin, needed, say
from doctor.runtime.plan.reader import FieldReader, address_of

_MAX_REPLY = 1 << 20


def _target(reader: FieldReader, default_port: int | None = None) -> tuple[str, int, float]:
    host, port = needed(reader.text("host"), "host"), reader.number("port", 1, 65535) or default_port
    timeout = reader.fraction("timeout_s", 0.01, 3600)
    if address_of(host) is None:
        raise LaunchError(f"args: host '{host}' is not an IPv4 address", 2)
    if port is None:
        raise LaunchError("args: 'port' is needed", 2)
    return host, port, 5.0 if timeout is None else timeout


def _connected(host: str, port: int, timeout_s: float) -> _socket.socket:
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        sock.connect((host, port))
    except TimeoutError:
        raise OSError(110, f"no answer from {host}:{port} within {timeout_s:g} s") from None
    return sock


def _tcp_connect(reader: FieldReader) -> None:
    """host, port, timeout_s: says the local and remote address."""
    host, port, timeout = _target(reader)
    reader.end()
    began = time.monotonic()
    sock = _connected(host, port, timeout)
    say(ok=True, local=sock.getsockname()[0], seconds=round(time.monotonic() - began, 6))


def _http_get(reader: FieldReader) -> None:
    """host, port (80), path ("/"), name (Host header), timeout_s: says status and body; exit 1 for a status >= 400."""
    host, port, timeout = _target(reader, 80)
    path, name = reader.text("path", "/"), reader.text("name") or host
    reader.end()
    sock = _connected(host, port, timeout)
    sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
    reply = b""
    try:
        while len(reply) < _MAX_REPLY and (chunk := sock.recv(65536)):
            reply += chunk
    except TimeoutError:
        raise OSError(110, f"{host}:{port} did not finish its answer within {timeout:g} s") from None
    head, _, body = reply.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split(b" ")
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    say(ok=0 < status < 400, status=status, local=sock.getsockname()[0], body=body.decode("utf-8", "replace"))
    if not 0 < status < 400:
        raise LaunchError(f"{host}:{port} answered with status {status}")


def _listen(reader: FieldReader) -> None:
    """port, body, count (connections to serve, endless without), address ("0.0.0.0"): a tiny HTTP responder.

    Says "ready", then answers each request with a JSON object: peer (the source address it sees), port and body.
    """
    port, count = reader.number("port", 0, 65535) or 0, reader.number("count", 1, 1 << 30)
    body, address = reader.text("body", "") or "", reader.text("address", "0.0.0.0") or ""  # noqa: S104 - in a netns
    reader.end()
    server = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    server.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(64)
    say(ready=True, port=server.getsockname()[1])
    served = 0
    while count is None or served < count:
        descriptor, peer = server._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - what `socket.accept` calls
        client = _socket.socket(fileno=descriptor)
        client.settimeout(5)
        try:
            _answer(client, peer, body)
        except OSError:
            continue
        finally:
            client.close()
        served += 1


def _greet(reader: FieldReader) -> None:
    """port: sends each client a line with the address that it is seen with, and waits for it to go."""
    port = reader.number("port", 0, 65535) or 0
    reader.end()
    server = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    server.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", port))  # noqa: S104 - inside the container's own network
    server.listen(64)
    say(ready=True, port=server.getsockname()[1])
    while True:
        descriptor, peer = server._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - what `socket.accept` calls
        client = _socket.socket(fileno=descriptor)
        with suppress(OSError):
            client.settimeout(5)
            client.sendall(f"{peer[0]}\n".encode())
        client.close()


def _answer(client: _socket.socket, peer: tuple[str, int], body: str) -> None:
    request = b""
    while b"\r\n\r\n" not in request and len(request) < 65536:
        chunk = client.recv(4096)
        if not chunk:
            break
        request += chunk
    quoted = body.replace("\\", "\\\\").replace('"', '\\"')
    text = f'{{"peer": "{peer[0]}", "port": {peer[1]}, "body": "{quoted}"}}\n'.encode()
    head = f"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    client.sendall(head.encode() + text)


def _udp_listen(reader: FieldReader) -> None:
    """port, count (1): answers each datagram with the peer's address; says "ready" first."""
    port, count = reader.number("port", 0, 65535) or 0, reader.number("count", 1, 1 << 30)
    reader.end()
    server = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", port))  # noqa: S104 - inside the container's own network
    say(ready=True, port=server.getsockname()[1])
    for _ in range(1 if count is None else count):
        data, peer = server.recvfrom(65535)
        server.sendto(f"{peer[0]} ".encode() + data, peer)


def _udp_ask(reader: FieldReader) -> None:
    """host, port, text, timeout_s: sends a datagram and says the answer; exit 1 if none comes."""
    host, port, timeout = _target(reader)
    text = reader.text("text", "") or ""
    reader.end()
    answer = _asked(host, port, text.encode(), timeout, same_start=0)
    if isinstance(answer, str):
        say(ok=False, answer=None, error=answer)
        raise LaunchError(f"{host}:{port}: {answer}")
    say(ok=True, answer=answer.decode("utf-8", "replace"), error=None)


def _dns_query(reader: FieldReader) -> None:
    """name, server (without: each of /etc/resolv.conf), port (53), type ("A"), timeout_s: says the records.

    Exit 1 if no server answers, or with an error code. The result's `answered` is False without an answer.
    """
    name, kind = needed(reader.text("name"), "name"), reader.text("type", "A") or "A"
    server, port = reader.text("server"), reader.number("port", 1, 65535)
    timeout = reader.fraction("timeout_s", 0.01, 3600)
    reader.end()
    servers = [server] if server is not None else dns.servers_of(_text("/etc/resolv.conf"))
    if not servers:
        raise LaunchError("/etc/resolv.conf names no server")
    problems = []
    for address in servers:
        answer = _asked(address, 53 if port is None else port, dns.query(name, kind, _identity()), timeout or 3.0)
        if isinstance(answer, str):
            problems.append(f"{address}: {answer}")
            continue
        code, records = dns.records(answer)
        say(ok=code == 0, answered=True, server=address, code=code, records=records, problems=problems)
        if code:
            raise LaunchError(f"{address} answered with code {code}")
        return
    say(ok=False, answered=False, server=None, code=None, records=[], problems=problems)
    raise LaunchError("; ".join(problems))


def _identity() -> int:
    return int.from_bytes(os.urandom(2), "big")


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read(1 << 16)
    except OSError:
        return ""


def _asked(address: str, port: int, question: bytes, timeout_s: float, *, same_start: int = 2) -> bytes | str:
    """The answer, or the reason why it is missing. It must start with the first bytes of the request, like a DNS id."""
    if address_of(address) is None:
        return "no IPv4 address"
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        sock.connect((address, port))
        sock.send(question)
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0 and poll.poll(left * 1000):
            answer = sock.recv(65535)
            if answer[:same_start] == question[:same_start]:
                return answer
    except OSError as error:
        return (error.strerror or "error").lower()
    finally:
        sock.close()
    return f"no answer within {timeout_s:g} s"


FUNCTIONS = {
    "tcp-connect": builtin(_tcp_connect),
    "http-get": builtin(_http_get),
    "listen": builtin(_listen),
    "greet": builtin(_greet),
    "udp-listen": builtin(_udp_listen),
    "udp-ask": builtin(_udp_ask),
    "dns-query": builtin(_dns_query),
}
