"""The verdict of a fresh dockerd on a data root, in some two seconds: one name and one value for each thing that can be lost.

`judge.py` asks by the docker client and is the reference; this asks the Engine API (version 1.44, Docker 25 and later)
over the socket and runs fewer processes, as a campaign of hundreds of roots needs.
"""

import contextlib
import hashlib
import http.client
import io
import json
import socket
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from tests.hosts.box import SOCKET, Box
from tests.hosts.patient import ADDRESS, PORTS, RUNNING

Verdict = dict[str, str]
_OURS = ("dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", ".dockerenv")


class Engine:
    """The API of the dockerd that runs in a box."""

    def __init__(self, box: Box) -> None:
        self._path = str(box.path(SOCKET))

    def ask(self, method: str, path: str, body: object = None, timeout: float = 20) -> bytes:
        """Return its answer; raise OSError with its own words if it refuses or does not answer."""
        connection = http.client.HTTPConnection("engine", timeout=timeout)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(timeout)
        try:
            connection.sock.connect(self._path)
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/v1.44{path}", text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{path}: {error!r}") from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise OSError(data.decode(errors="replace").strip())
        return data

    def get(self, path: str) -> Any:
        """A JSON answer."""
        return json.loads(self.ask("GET", path))


def verdict(box: Box, images: dict[str, str], networks: tuple[str, ...] = ("mesh",)) -> Verdict:
    """Everything of the patient that can be lost.

    Args:
        box: where dockerd runs.
        images: tag → image ID of the healthy patient; their files are read by ID, tag or no tag.
        networks: names of the user networks.
    """
    engine, found = Engine(box), {"engine": "up"}
    _await_running(engine)
    found["identity"] = _or({}, lambda: engine.get("/info")).get("ID", "")
    listed = _or({}, lambda: {image["Id"]: image for image in engine.get("/images/json?all=1")})
    for identity, image in listed.items():
        found[f"image {identity}"] = "listed"
        found |= {f"tag {tag}": identity for tag in image["RepoTags"] or []}
    for identity in sorted(set(images.values())):
        found |= _image(engine, identity)
    found |= _volumes(engine)
    found |= {f"network {name}": _network(engine, name) for name in networks}
    containers = _or([], lambda: engine.get("/containers/json?all=1"))
    for one in containers:
        found |= _container(engine, one["Names"][0].removeprefix("/"))
    for name, port in PORTS.items():
        found[f"port {port} of {name}"] = _port(box, port)
    return found


def _or(default: Any, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except OSError as error:
        return default if default is not None else f"failed: {error}"


def _await_running(engine: Engine, patience: float = 3) -> None:
    """Containers with a restart policy come up by themselves a moment after the engine."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = _or([], lambda: engine.get("/containers/json"))
        if {name.removeprefix("/") for one in found for name in one["Names"]} >= set(RUNNING):
            return
        time.sleep(0.05)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _image(engine: Engine, identity: str) -> Verdict:
    """Its files as a new container has them, whether one runs, and what `docker save` writes."""
    found = {f"save {identity}": _or(None, lambda: _saved(engine.ask("GET", f"/images/{identity}/get")))}
    container = ""
    try:
        body = {"Image": identity, "Cmd": ["true"], "Entrypoint": [], "HostConfig": {"NetworkMode": "none"}}
        container = json.loads(engine.ask("POST", "/containers/create", body))["Id"]
        found[f"files {identity}"] = _files(engine.ask("GET", f"/containers/{container}/export"))
        found[f"run {identity}"] = _run(engine, container)
    except OSError as error:
        found.setdefault(f"files {identity}", f"failed: {error}")
        found.setdefault(f"run {identity}", f"failed: {error}")
    finally:
        if container:
            _or(None, lambda: engine.ask("DELETE", f"/containers/{container}?force=1"))
    return found


def _run(engine: Engine, container: str) -> str:
    engine.ask("POST", f"/containers/{container}/start")
    return f"exit {json.loads(engine.ask('POST', f'/containers/{container}/wait'))['StatusCode']}"


def _saved(data: bytes) -> str:
    return _digest(f"{name} {hashlib.sha256(content).hexdigest()}" for name, _, content in _members(data))


def _files(data: bytes) -> str:
    lines = []
    for name, entry, content in _members(data):
        if not name.startswith(_OURS) and name not in {"", ".", "etc"}:
            xattrs = {key: value for key, value in entry.pax_headers.items() if "xattr" in key}
            about = (name, entry.type, entry.mode, entry.uid, entry.gid, entry.linkname, xattrs)
            lines.append(f"{about} {hashlib.sha256(content).hexdigest()}")
    return _digest(lines)


def _members(data: bytes) -> Iterator[tuple[str, tarfile.TarInfo, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for entry in tar:
                stream = tar.extractfile(entry) if entry.isreg() else None
                yield entry.name, entry, stream.read() if stream else b""
    except tarfile.TarError as error:
        raise OSError(f"a truncated archive: {error}") from error


def _digest(lines: Any) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def _volumes(engine: Engine) -> Verdict:
    found = {}
    for one in _or({}, lambda: engine.get("/volumes")).get("Volumes") or []:
        found[f"volume {one['Name']}"] = _text({key: one.get(key) for key in ("Driver", "Labels", "Options")})
    return found


def _network(engine: Engine, name: str) -> str:
    about = _or({}, lambda: engine.get(f"/networks/{name}"))
    return _text(
        {key: about.get(key) for key in ("Id", "Driver", "Labels", "Options", "IPAM", "Internal", "EnableIPv6")}
    )


def _container(engine: Engine, name: str) -> Verdict:
    """Its settings, whether it starts (or runs), its log, its marker file."""
    found = {f"container {name}": "listed"}
    about = _or({}, lambda: engine.get(f"/containers/{name}/json"))
    config = dict(about.get("Config") or {})
    mounts = sorted((one.get("Name", ""), one["Destination"], one["RW"]) for one in about.get("Mounts") or [])
    networks = sorted((about.get("NetworkSettings") or {}).get("Networks") or {})
    found[f"settings {name}"] = _text([about.get("Image"), config, about.get("HostConfig"), mounts, networks])
    found[f"log {name}"] = _or(None, lambda: _log(engine.ask("GET", f"/containers/{name}/logs?stdout=1&stderr=1")))
    if name in RUNNING:
        found[f"start {name}"] = "runs" if (about.get("State") or {}).get("Running") else "failed: not running"
    else:
        found[f"start {name}"] = _or(None, lambda: _run(engine, name))
    if name == "web":
        mesh = (about.get("NetworkSettings") or {}).get("Networks", {}).get("mesh") or {}
        found["address of web"] = "kept" if mesh.get("IPAddress") == ADDRESS else "failed: another or none"
    path = f"/containers/{name}/archive?path={quote('/marker')}"
    found[f"marker {name}"] = _or(None, lambda: _files(engine.ask("GET", path))) if name != "made" else ""
    return found


def _log(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _port(box: Box, port: int) -> str:
    deadline = time.monotonic() + 0.5
    with contextlib.suppress(OSError):
        while not (answer := box.fetch(port)) and time.monotonic() < deadline:
            time.sleep(0.05)
    return answer.strip() or "failed: no answer"
