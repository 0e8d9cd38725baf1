"""The rung of the engine: a container that Docker Engine creates and starts, from an image that it already has.

    socket      of the engine
    init        whether docker-init is its first process
    network     the engine's network that it is connected to, "" for none
    port        whether it publishes a port on 127.0.0.1, where nothing listens
    beside      whether other starts of this probe may run at the same time

The image's own programs never run: entry point, health check and user are replaced. The program is copied into the container
before its start, because a bind mount would fail on a host whose /run is mounted `noexec`, with mapped users, and with an engine
that has another mount namespace. There is no volume, and nothing is pulled. The container has a name and a label
of doctor's own.

Output: {"step", "kind", "status", "message", "image", "exit", "container"}: the request that failed, "" if all succeeded; how
("refused" by the engine with its status and message, or a kind of `CallError`); the image, "" without one; how the program
ended.
"""

import json
from typing import Any
from urllib.parse import quote

from doctor.runtime.calls.errors import CallError
from doctor.runtime.calls.http import Request, Response, ask
from doctor.runtime.rungs.bundle import program
from doctor.runtime.rungs.config import ENTRY
from doctor.runtime.rungs.stage import Workspace

LABEL = "io.doctor.probe"
_MEANING = "test container of 'doctor scan --probe', removed within seconds"
_PORT = "47807/tcp"
_RESERVE_S, _UNDO_S = 0.5, 1.5
_NO_CONTENT, _CREATED, _OK, _NOT_FOUND, _GONE = 204, 201, 200, 404, frozenset({204, 404, 409})
_LOOKED_AT, _TRIED = 12, 2
"""How many images are inspected, and how many of them are tried, at most."""


class _EngineRefusedError(Exception):
    """The engine answered with an error."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.message)
        self.answer = answer


def attempt(staged: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """Create the container, start it, wait until the engine has removed it."""
    image = program("")
    found: dict[str, Any] = {"step": "", "kind": "", "status": 0, "message": "", "image": "", "container": staged.token}
    try:
        _Start(staged, given, found).run(image)
    except CallError as error:
        found |= {"kind": error.kind, "message": error.message}
    except _EngineRefusedError as error:
        found |= {"kind": "refused", "status": error.answer.status, "message": error.answer.message}
    else:
        found["step"] = ""
    return found


class _Start:
    """One start. Each request is named in `found["step"]` before it is sent."""

    def __init__(self, staged: Workspace, given: dict[str, Any], found: dict[str, Any]) -> None:
        self._staged, self._given, self._found = staged, given, found
        self._socket = str(given["socket"])

    def run(self, image: bytes) -> None:
        """From the choice of an image to the removal."""
        images = self._images()
        if not images:
            return
        if not self._given.get("beside"):
            self._refuse_a_second()
        self._staged.before("undo", "engine", self._socket, self._staged.token)
        identity = self._create(images)
        packed = tar(ENTRY.lstrip("/"), image)
        self._ask("copy program", "PUT", f"/containers/{identity}/archive?path=/", wanted=_OK, body=packed)
        # The request waits before the start, so that it sees the end of a container that is removed at once.
        self._found["step"] = "wait for container"
        target = f"/containers/{identity}/wait?condition=removed"
        with Request(self._socket, "POST", target, timeout_s=self._left()) as waiting:
            self._ask("start container", "POST", f"/containers/{identity}/start", wanted=_NO_CONTENT)
            self._found["step"] = "wait for container"
            ended = waiting.answer(timeout_s=self._left())
        if ended.status != _OK:
            raise _EngineRefusedError(ended)
        self._found["exit"] = ended.json.get("StatusCode")

    def _refuse_a_second(self) -> None:
        """Raise if a test container could not be removed: on an engine that hangs, each probe would add one."""
        query = quote(json.dumps({"label": [LABEL]}))
        listed = self._ask("list containers", "GET", f"/containers/json?all=1&filters={query}", wanted=_OK).json
        names = [name.lstrip("/") for one in listed if isinstance(one, dict) for name in one.get("Names") or ()]
        if names:
            raise CallError("stuck", f"it can't remove test container {names[0]} of an earlier probe")

    def _images(self) -> list[str]:
        """The images to try: those with few labels of their own first, and the smallest of these."""
        listed = self._ask("list images", "GET", "/images/json", wanted=_OK).json
        known = [one for one in listed if isinstance(one, dict) and isinstance(one.get("Id"), str)]
        known.sort(key=lambda one: (len(one.get("Labels") or {}), one.get("Size") or 0))
        return [one["Id"] for one in known[:_LOOKED_AT]]

    def _create(self, images: list[str]) -> str:
        """Create the container from the first image that declares no volume; from the next one if the engine refuses it."""
        last: Response | None = None
        tried = 0
        for image in images:
            config = (
                self._ask("inspect image", "GET", f"/images/{quote(image)}/json", wanted=_OK).json.get("Config") or {}
            )
            if config.get("Volumes") and image != images[-1]:
                continue
            self._found |= {"step": "create container", "image": image}
            body = self._container(image, config)
            target = f"/containers/create?name={self._staged.token}"
            answer = ask(self._socket, "POST", target, timeout_s=self._left(), body=body)
            if answer.status == _CREATED:
                return str(answer.json.get("Id"))
            # The engine keeps the name of a container that it could not create: the first refusal has the reason.
            last = last or answer
            tried += 1
            if tried >= _TRIED:
                break
        raise _EngineRefusedError(last or Response(status=0, body=b"no image can be inspected"))

    def _container(self, image: str, config: dict[str, Any]) -> dict[str, Any]:
        has_port = bool(self._given.get("port"))
        volumes = dict.fromkeys(config.get("Volumes") or {}, "")
        host = {
            "AutoRemove": True,
            "Init": True if self._given.get("init") else None,
            "NetworkMode": self._given.get("network") or "none",
            "PortBindings": {_PORT: [{"HostIp": "127.0.0.1", "HostPort": ""}]} if has_port else {},
            "RestartPolicy": {"Name": "no"},
            "Tmpfs": volumes,
        }
        return {
            "Image": image,
            "Entrypoint": [ENTRY],
            "Cmd": [],
            "ExposedPorts": {_PORT: {}} if has_port else {},
            "User": "0",
            "WorkingDir": "/",
            "Healthcheck": {"Test": ["NONE"]},
            "Labels": {**dict.fromkeys(config.get("Labels") or {}, ""), LABEL: _MEANING},
            "HostConfig": host,
        }

    def _ask(self, step: str, verb: str, target: str, *, wanted: int, body: object = None) -> Response:
        self._found["step"] = step
        answer = ask(self._socket, verb, target, timeout_s=self._left(), body=body)
        if answer.status != wanted:
            raise _EngineRefusedError(answer)
        return answer

    def _left(self) -> float:
        """Seconds for a request: it ends before the rung is killed, so that the one that hung is known."""
        return max(0.05, self._staged.left_s - _RESERVE_S)


def tar(name: str, content: bytes) -> bytes:
    """A tar with one executable file and nothing after its end: the engine reads no further, and would reset the connection."""
    fields = [
        name.ljust(100, "\0"),
        "0000755\0",
        "0000000\0" * 2,
        f"{len(content):011o}\0",
        "00000000000\0",
        " " * 8,
        "0",
    ]
    head = "".join(fields).ljust(257, "\0") + "ustar\x0000"
    raw = head.encode("ascii").ljust(512, b"\0")
    raw = raw[:148] + f"{sum(raw):06o}\0 ".encode("ascii") + raw[156:]
    return raw + content.ljust(-(-len(content) // 512) * 512, b"\0") + bytes(1024)


def undo(words: list[str]) -> None:
    """Remove a container by its name. Raises OSError if the engine does not."""
    path, name = words
    try:
        gone = ask(path, "DELETE", f"/containers/{name}?force=1&v=1", timeout_s=_UNDO_S)
    except CallError as error:
        raise OSError(0, error.message) from None
    if gone.status not in _GONE:
        raise OSError(0, gone.message)
