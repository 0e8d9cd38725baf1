"""Reads the docker client's settings of users: registries, and credential helpers that are not installed."""

import re
from collections.abc import Iterator
from itertools import chain

from msgspec.structs import replace

from doctor.facts.registry.clients import DockerClient, DockerClients
from doctor.formats.json_safe import load_first
from doctor.formats.network.http_proxy import ProxyAddress, parse
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_ROOT = HostPath("/root")
_PROXIES = ("httpProxy", "httpsProxy", "ftpProxy", "allProxy")
_MOST_HOMES = 200
_MOST_BYTES = 1 << 20
_PROGRAMS = (
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/bin",
    "/sbin",
    "/snap/bin",
    "/opt/bin",
    "/run/current-system/sw/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/usr/libexec/docker/cli-plugins",
)
_START_FILES = (".profile", ".bash_profile", ".bashrc", ".zprofile", ".zshenv", ".zshrc")
_PATH = rb"""(?m)^[ \t]*(?:export[ \t]+)?PATH=["']?([^\s"';&|]{1,4096})"""
_OWN_PROGRAMS = (
    "bin",
    ".local/bin",
    ".docker/bin",
    "go/bin",
    ".cargo/bin",
    ".rd/bin",
    ".nix-profile/bin",
    "google-cloud-sdk/bin",
)


@collector
def docker_clients(host: Host) -> DockerClients:
    """Return the settings of all users that have any."""
    gaps: list[Missing] = []
    found = []
    for home in _homes(host, gaps):
        path = join(home, ".docker/config.json")
        try:
            content = host.read(path, limit_bytes=_MOST_BYTES)
        except HostError as error:
            # A user's own home may be closed to root (NFS), or hold anything: that says nothing about the host.
            if not error.is_absent and home == _ROOT:
                gaps.append(error.missing)
            continue
        found.append(_with_access(host, home, _client(host, home, path, content)))
    return DockerClients(items=tuple(found), gaps=tuple(gaps))


def _homes(host: Host, gaps: list[Missing]) -> Iterator[HostPath]:
    yield _ROOT
    try:
        names = host.listdir(HostPath("/home"))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return
    for name in sorted(names)[:_MOST_HOMES]:
        yield HostPath(f"/home/{name}")


def _client(host: Host, home: HostPath, path: HostPath, content: bytes) -> DockerClient:
    # docker/cli, configfile.LoadFromReader: the first value counts; an empty file, or null, sets nothing.
    try:
        value = load_first(content).value if content.strip(b" \t\r\n") else None
    except FormatError as error:
        return DockerClient(path=path, problem=str(error))
    if value is None:
        return DockerClient(path=path)
    if not isinstance(value, dict):
        return DockerClient(path=path, problem="not a JSON object")
    auths, store, helpers = value.get("auths"), value.get("credsStore"), value.get("credHelpers")
    named = {"": store} if isinstance(store, str) and store else {}
    if isinstance(helpers, dict):
        named |= {str(key): helper for key, helper in helpers.items() if isinstance(helper, str) and helper}
    wanted = dict.fromkeys(named.values())
    return DockerClient(
        path=path,
        registries=tuple(str(key) for key in auths) if isinstance(auths, dict) else (),
        helpers=named,
        missing=tuple(helper for helper in wanted if not _is_installed(host, home, helper)),
        proxies=_proxies(value.get("proxies")),
    )


def _proxies(value: object) -> dict[str, ProxyAddress]:
    given = value.get("default") if isinstance(value, dict) else None
    if not isinstance(given, dict):
        return {}
    named = {key: parse(text) for key in _PROXIES if isinstance(text := given.get(key), str) and text}
    return {key: replace(proxy, login="") for key, proxy in named.items() if proxy is not None}


def _with_access(host: Host, home: HostPath, client: DockerClient) -> DockerClient:
    """Return the settings with what is closed to their user: sudo docker in that user's environment creates files of root."""
    try:
        user = host.lstat(home).uid
        nodes = [(path, host.lstat(path)) for path in (join(home, ".docker"), client.path)]
    except HostError:
        return client
    for (path, node), needed in zip(nodes, (0o11, 0o44), strict=True):
        # Whether the user is in the group is not looked up: it may be.
        if user and node.kind in {"d", "f"} and node.uid != user and not node.mode & needed:
            return replace(client, user=user, closed=path)
    return client


def _is_installed(host: Host, home: HostPath, helper: str) -> bool:
    """Whether the program may be where users' programs are: all usual places count, and those that their start files name."""
    if "/" in helper or "\0" in helper or helper.endswith(".exe"):
        # Windows has its own search path (WSL).
        return True
    places = (*_PROGRAMS, *(join(home, own) for own in _OWN_PROGRAMS))
    return any(
        place is None or host.exists(HostPath(f"{place}/docker-credential-{helper}"))
        for place in chain(places, _named(host, home))
    )


def _named(host: Host, home: HostPath) -> Iterator[str | None]:
    """Yield the directories of search paths in start files; ``None`` for one that only a shell can name."""
    for path in (HostPath("/etc/environment"), *(join(home, name) for name in _START_FILES)):
        try:
            content = host.read(path, limit_bytes=_MOST_BYTES)
        except HostError:
            continue
        for value in re.findall(_PATH, content):
            for part in value.decode("utf-8", "replace").split(":"):
                text = re.sub(r"^(?:~|\$HOME|\$\{HOME\})(?=/|$)", lambda _: str(home), part)
                if text.startswith("/") and "$" not in text and "`" not in text:
                    yield text
                elif text not in {"$PATH", "${PATH}", ""}:
                    yield None
