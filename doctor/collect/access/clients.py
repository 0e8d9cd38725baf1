"""Reads which engine the docker commands of each user are for: environment files, shells' start files, contexts."""

import re
from collections.abc import Iterator
from shlex import quote

from msgspec import Struct

from doctor.facts.access.clients import ClientEndpoint, ClientEndpoints
from doctor.formats.json_values import mapping, text
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_ENVIRONMENT = HostPath("/etc/environment")
_PROFILES = HostPath("/etc/profile.d")
_SHELLS = (".profile", ".bash_profile", ".bashrc", ".zprofile", ".zshenv", ".zshrc")
_BYTES = 64 << 10
_MOST_USERS = 200
_MOST_FILES = 50
_FIRST_USER, _NOBODY = 1000, 65534
_NAMES = b"DOCKER_"
# Only at the start of a line: an indented one may be in a condition, or in a function.
_EXPORT = r"export[ \t]+([^`;&|()]*)"
_PLAIN = r"(?:export[ \t]+)?([^`;&|()]*)"
_ASSIGNED = r"(DOCKER_(?:HOST|CONTEXT|TLS_VERIFY|CERT_PATH))=([\"']?)([^\"'#]*)\2"
_TCP = r"tcp://(localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0):(\d{1,5})/?"
_SECONDS = 1.0
_DESKTOP = HostPath("/opt/docker-desktop")


class _User(Struct, frozen=True):
    name: str
    uid: int
    home: HostPath


@collector
def client_endpoints(host: Host) -> ClientEndpoints:
    """Return the settings. An unreadable file is left out: another user's settings are not a gap of this host."""
    if not host.is_live():
        raise HostError(Missing(Why.ABSENT, "only on a live host a client's engine can be looked for"))
    looked = _Sockets(host)
    everyone = list(_of_files(host, looked, None, list(_system_files(host))))
    items = [*everyone]
    for user in _users(host):
        files = [(join(user.home, name), _EXPORT) for name in _SHELLS]
        own = list(_of_files(host, looked, user, files))
        # A variable overrides the context that the user chose.
        items += own or ([] if everyone else list(_of_context(host, looked, user)))
    return ClientEndpoints(items=tuple(items))


def _users(host: Host) -> Iterator[_User]:
    lines = (_read(host, HostPath("/etc/passwd"), 1 << 20) or b"").decode("utf-8", "replace").splitlines()
    found = 0
    for line in lines:
        fields = line.split(":")
        if len(fields) < 7 or not fields[2].isdigit() or not fields[5].startswith("/") or fields[5] == "/":
            continue
        uid = int(fields[2])
        if (uid and not _FIRST_USER <= uid < _NOBODY) or fields[6].endswith(("nologin", "false")):
            continue
        yield _User(fields[0], uid, HostPath(fields[5].rstrip("/")))
        found += 1
        if found >= _MOST_USERS:
            return


def _system_files(host: Host) -> Iterator[tuple[HostPath, str]]:
    yield _ENVIRONMENT, _PLAIN
    try:
        names = [name for name in host.listdir(_PROFILES) if name.endswith(".sh")]
    except HostError:
        return
    yield from ((join(_PROFILES, name), _EXPORT) for name in names[:_MOST_FILES])


def _of_files(
    host: Host, looked: "_Sockets", user: _User | None, files: list[tuple[HostPath, str]]
) -> Iterator[ClientEndpoint]:
    found: dict[str, tuple[str, HostPath]] = {}
    for path, pattern in files:
        content = _read(host, path, _BYTES)
        if content is None or _NAMES not in content:
            continue
        for name, value in _assigned(content.decode("utf-8", "replace"), pattern):
            # Of several the last counts.
            if value is None:
                found.pop(name, None)
            else:
                found[name] = (value, path)
    name = "" if user is None else user.name
    host_given, path = found.get("DOCKER_HOST", ("", HostPath("/")))
    address = _expanded(host_given, user)
    if found.get("DOCKER_TLS_VERIFY", ("",))[0] and not found.get("DOCKER_CONTEXT", ("",))[0]:
        lost = _without_authority(host, user, found)
        if lost is not None:
            yield lost
            return
    if "DOCKER_HOST" in found:
        if address:
            yield _endpoint(looked, name, path, setting="DOCKER_HOST", address=address)
    elif "DOCKER_CONTEXT" in found and user is not None:
        value, path = found["DOCKER_CONTEXT"]
        yield from _context(host, looked, user, path, value, command="")


def _assigned(text: str, pattern: str) -> Iterator[tuple[str, str | None]]:
    """Yield the variables of a shell's file with their values, ``None`` for one that is unset, in the order of its lines."""
    for line in text.splitlines():
        found = re.fullmatch(pattern, line) if "DOCKER_" in line else None
        if line.startswith("unset "):
            yield from ((name, None) for name in line.partition("#")[0].split()[1:])
        for word in [] if found is None else found[1].partition(" #")[0].split():
            if assigned := re.fullmatch(_ASSIGNED, word):
                yield assigned[1], assigned[3]


def _without_authority(host: Host, user: _User | None, found: dict[str, tuple[str, HostPath]]) -> ClientEndpoint | None:
    """Return the setting that makes the client verify the engine with a certificate that does not exist."""
    default = "" if user is None else join(user.home, ".docker")
    folder = _expanded(found["DOCKER_CERT_PATH"][0], user) if "DOCKER_CERT_PATH" in found else default
    if not folder.startswith("/"):
        return None
    try:
        host.lstat(HostPath(f"{folder.rstrip('/')}/ca.pem"))
    except HostError as error:
        if error.is_absent:
            return ClientEndpoint(
                user="" if user is None else user.name,
                file=found["DOCKER_TLS_VERIFY"][1],
                setting="DOCKER_TLS_VERIFY",
                address="",
                problem=f"{folder.rstrip('/')}/ca.pem does not exist",
            )
    return None


def _expanded(value: str, user: _User | None) -> str:
    """Return a value with the two variables that guides use; "" for others."""
    if user is not None:
        for name, place in (("XDG_RUNTIME_DIR", f"/run/user/{user.uid}"), ("HOME", user.home), ("UID", str(user.uid))):
            value = value.replace(f"${{{name}}}", place).replace(f"${name}", place)
    return "" if "$" in value else value


def _of_context(host: Host, looked: "_Sockets", user: _User) -> Iterator[ClientEndpoint]:
    path = join(user.home, ".docker/config.json")
    content = _read(host, path, 1 << 20)
    if content is None or b"currentContext" not in content:
        return
    name = text(_object(content).get("currentContext"))
    yield from _context(
        host, looked, user, path, name, command=f"sudo -u {quote(user.name)} docker context use default"
    )


def _context(
    host: Host, looked: "_Sockets", user: _User, path: HostPath, name: str, *, command: str
) -> Iterator[ClientEndpoint]:
    if name in {"", "default"}:
        return
    import hashlib  # noqa: PLC0415 - few users choose a context

    setting = f'context "{name[:80]}"'
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
    meta = join(user.home, f".docker/contexts/meta/{digest}/meta.json")
    try:
        content = host.read(meta, limit_bytes=1 << 20)
    except HostError as error:
        if error.is_absent and host.exists(join(user.home, ".docker")):
            yield ClientEndpoint(
                user=user.name, file=path, setting=setting, address="", problem="it does not exist", command=command
            )
        return
    address = text(mapping(mapping(_object(content).get("Endpoints")).get("docker")).get("Host"))
    if address:
        yield _endpoint(looked, user.name, path, setting=setting, address=address, command=command)


def _endpoint(
    looked: "_Sockets", user: str, path: HostPath, *, setting: str, address: str, command: str = ""
) -> ClientEndpoint:
    from doctor.facts.secrets.redact import redact  # noqa: PLC0415 - few users have such a setting

    return ClientEndpoint(
        user=user,
        file=path,
        setting=setting,
        address=redact(address[:300]),
        problem=looked.problem(address),
        command=command,
    )


class _Sockets:
    """Whether something listens at an address; the kernel's lists are read once, and only for an address of this host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._paths: frozenset[str] | None = None

    def problem(self, address: str) -> str:
        """Return why nothing answers at an address, "" if something does or if it is unknown."""
        if address.startswith("unix://"):
            return self._unix(HostPath(address.removeprefix("unix://")))
        found = re.fullmatch(_TCP, address)
        return self._tcp(int(found[2])) if found else ""

    def _unix(self, path: HostPath) -> str:
        if not path.startswith("/") or self._waits_for_login(path):
            return ""
        try:
            real = self._host.resolve(path)
            kind = self._host.lstat(real).kind
        except HostError as error:
            return "that file does not exist" if error.is_absent else ""
        if kind != "s":
            return "that file is not a socket"
        if self._paths is None:
            self._paths = self._listening()
        if real in self._paths or path in self._paths:
            return ""
        # A rootless engine listens in a network namespace of its own, whose sockets this list lacks.
        try:
            self._host.engine("/_ping", timeout_s=_SECONDS, socket=real)
        except HostError as error:
            return "no process listens" if error.missing.why is Why.ABSENT else ""
        return ""

    def _waits_for_login(self, path: HostPath) -> bool:
        """Whether the program starts when the user logs in, so that its absence now shows nothing."""
        found = re.match(r"/run/user/\d+(?=/)", path)
        if found and not self._host.exists(HostPath(found[0])):
            return True
        return "/.docker/desktop/" in path and self._host.exists(_DESKTOP)

    def _listening(self) -> frozenset[str]:
        from doctor.formats.network.proc_net import parse_unix_listeners  # noqa: PLC0415

        content = _read(self._host, HostPath("/proc/net/unix"), 16 << 20) or b""
        paths = [path for _, path in parse_unix_listeners(decode(content))]
        return frozenset([*paths, *(path.replace("/var/run/", "/run/", 1) for path in paths)])

    def _tcp(self, port: int) -> str:
        from doctor.formats.network.proc_net import parse_listeners  # noqa: PLC0415

        for protocol in ("tcp", "tcp6"):
            content = _read(self._host, HostPath(f"/proc/net/{protocol}"), 16 << 20)
            if content is None and protocol == "tcp":
                return ""
            try:
                listeners = parse_listeners(decode(content or b""), protocol)
            except FormatError:
                return ""
            if any(one.port == port for one in listeners):
                return ""
        return "no process listens"


def _read(host: Host, path: HostPath, limit_bytes: int) -> bytes | None:
    try:
        return host.read(path, limit_bytes=limit_bytes)
    except HostError:
        return None


def _object(content: bytes) -> dict[str, object]:
    import json  # noqa: PLC0415

    try:
        return mapping(json.loads(content))
    except (ValueError, RecursionError):
        return {}
