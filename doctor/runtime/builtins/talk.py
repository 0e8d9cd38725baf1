"""The way to one server: names, proxy, TLS and one request. All of it ends at a deadline."""

import base64
import encodings.idna as _idna  # noqa: F401 - ssl encodes names with it, and a container imports nothing
import json
import re
import time
from contextlib import closing

from doctor.runtime.base.frozen import TYPE_CHECKING
from doctor.runtime.builtins.names import resolved
from doctor.runtime.builtins.streams import PlainStream, StepError, connected
from doctor.runtime.builtins.targets import RegistryTalk, TalkProxy, TalkTarget

if TYPE_CHECKING:
    from doctor.runtime.builtins.streams import Stream

_MOST_HEAD = 16384
_MOST_BODY = 65536
_MOST_CERTIFICATE = 65536
_SMALL = 536
_KEPT_FOR_SMALL = 0.4
_SHOWN = (
    "date",
    "server",
    "www-authenticate",
    "ratelimit-remaining",
    "ratelimit-limit",
    "retry-after",
    "location",
    "via",
    "content-type",
    "docker-distribution-api-version",
)


def way(talk: RegistryTalk, target: TalkTarget) -> "Stream":
    """Return a stream to the target: by its proxy, if it has one, and with TLS."""
    said = target.said
    first: TalkTarget | TalkProxy = target.proxy or target
    said["step"] = "resolve"
    if first.addresses:
        addresses = first.addresses
    else:
        addresses, said["servers"], said["name"] = resolved(first.names or [first.host], talk.servers, talk.deadline)
        if not addresses:
            raise StepError("no-address")
    said["step"], said["address"] = "connect", addresses[0]
    connection, address = connected(addresses, first.port, talk.deadline)
    said["address"] = address
    stream: Stream = PlainStream(connection, talk.deadline)
    try:
        if target.proxy is not None:
            said["step"] = "proxy"
            stream = _through(talk, target, target.proxy, stream)
        said["step"] = "tls"
        return _secured(talk, target, stream) if target.tls else stream
    except BaseException:
        stream.close()
        raise


def _through(talk: RegistryTalk, target: TalkTarget, proxy: TalkProxy, stream: "Stream") -> "Stream":
    if proxy.tls:
        target.said["step"] = "proxy-tls"
        stream, target.said["step"] = _to_proxy(talk, proxy, stream), "proxy"
    if not target.tls:
        return stream
    try:
        _tunnel(target, proxy, stream)
    except BaseException:
        stream.close()
        raise
    return stream


def _to_proxy(talk: RegistryTalk, proxy: TalkProxy, stream: "Stream") -> "Stream":
    """Return TLS to a proxy; ``plain`` if it speaks plain HTTP only, which some show by silence."""
    over = talk.over(stream, proxy.host, proxy.store)
    over.deadline = time.monotonic() + (talk.deadline - time.monotonic()) / 2
    try:
        over.handshake()
    except StepError as failure:
        over.close()
        if failure.problem not in {"plain", "untrusted"} and _is_plain(talk, proxy):
            raise StepError("plain") from None
        raise
    over.deadline = talk.deadline
    return over


def _is_plain(talk: RegistryTalk, proxy: TalkProxy) -> bool:
    """Whether a proxy answers a plain HTTP request."""
    try:
        addresses = proxy.addresses or resolved(proxy.names or [proxy.host], talk.servers, talk.deadline)[0]
        stream = PlainStream(connected(addresses, proxy.port, talk.deadline)[0], talk.deadline)
        with closing(stream):
            stream.send(b"OPTIONS * HTTP/1.0\r\n\r\n")
            return bool(_head(stream)[0])
    except StepError:
        return False


def _tunnel(target: TalkTarget, proxy: TalkProxy, stream: "Stream") -> None:
    login = f"Proxy-Authorization: {proxy.login}\r\n" if proxy.login else ""
    place = f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    stream.send(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: doctor\r\n{login}\r\n".encode())
    status, headers, _ = _head(stream)
    if status != 200:
        target.said |= {"status": status, "headers": headers}
        raise StepError("status", number=status)


def _secured(talk: RegistryTalk, target: TalkTarget, stream: "Stream") -> "Stream":
    over = talk.over(stream, target.host, target.store, target.certificate)
    is_direct = target.proxy is None
    over.deadline -= (talk.deadline - time.monotonic()) * _KEPT_FOR_SMALL if is_direct else 0
    try:
        over.handshake()
    except StepError as failure:
        over.close()
        if failure.problem == "untrusted":
            _look_again(talk, target)
        elif is_direct and failure.problem.startswith("silent") and _passes_small(talk, target):
            raise StepError("small-packets") from None
        raise
    over.deadline = talk.deadline
    der, root = over.peer()
    if len(der) <= _MOST_CERTIFICATE:
        target.said["certificate"] = base64.b64encode(der).decode()
    if root:
        target.said["root"] = root
    return over


def _passes_small(talk: RegistryTalk, target: TalkTarget) -> bool:
    """Whether a handshake succeeds with small segments only: then large packets are lost on the way."""
    try:
        connection, _ = connected([str(target.said["address"])], target.port, talk.deadline, segment=_SMALL)
        with closing(talk.over(PlainStream(connection, talk.deadline), target.host)) as over:
            over.handshake()
    except StepError:
        return False
    return True


def _look_again(talk: RegistryTalk, target: TalkTarget) -> None:
    """Take the certificate and the clock of a server that is not trusted, without trusting it."""
    if target.said.get("again"):
        return
    target.said["again"] = True
    known = dict(target.said)
    store, certificate, target.store, target.certificate = target.store, target.certificate, "", ""
    try:
        with closing(way(talk, target)) as stream:
            asked(target, stream, target.said)
    except StepError:
        pass  # the first problem counts
    finally:
        target.store, target.certificate = store, certificate
        target.said |= {"step": "tls", "problem": known["problem"]}


def asked(target: TalkTarget, stream: "Stream", said: dict[str, object]) -> None:
    """Send the request and keep the head of the answer."""
    said["step"] = "http"
    plain = target.proxy is not None and not target.tls
    place = target.host if target.port in {80, 443} else f"{target.host}:{target.port}"
    path = f"http://{place}{target.path}" if plain else target.path
    login = f"Authorization: Bearer {target.token}\r\n" if target.token else ""
    if plain and target.proxy is not None and target.proxy.login:
        login += f"Proxy-Authorization: {target.proxy.login}\r\n"
    request = (
        f"{target.method} {path} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: doctor\r\nConnection: close\r\n{login}\r\n"
    )
    stream.send(request.encode())
    status, headers, rest = _head(stream)
    said |= {"status": status, "headers": headers}
    if target.then is not None and status == 200:
        while len(rest) < _MOST_BODY and (data := stream.receive()):
            rest += data
        target.token = _token(rest)
        target.then.token = target.token
    said["step"] = "done"


def _head(stream: "Stream") -> tuple[int, dict[str, str], bytes]:
    """Return status, a few headers, and the beginning of the body."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _MOST_HEAD:
        more = stream.receive()
        if not more:
            break
        data += more
    if not data:
        raise StepError("closed")
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/1\.[01] (\d{3})\b", lines[0])
    if found is None:
        raise StepError("not-http", lines[0][:60])
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip()[:500] for name, _, value in pairs if name.strip().lower() in _SHOWN}
    return int(found[1]), headers, rest


def _token(body: bytes) -> str:
    begin, end = body.find(b"{"), body.rfind(b"}")
    try:
        value = json.loads(body[begin : end + 1])
    except ValueError:
        return ""
    token = value.get("token") or value.get("access_token") if isinstance(value, dict) else ""
    return token if isinstance(token, str) and re.fullmatch(r"[\w.~+/=-]{1,16384}", token) else ""


def follow(talk: RegistryTalk, target: TalkTarget) -> None:
    """Ask the second server with the token of the first."""
    then = target.then
    if then is None or not then.token:
        return
    try:
        with closing(way(talk, then)) as stream:
            asked(then, stream, then.said)
    except StepError as failure:
        then.said |= {"problem": failure.problem}
    target.said["then"] = {name: then.said.get(name) for name in ("step", "problem", "status", "headers")}
