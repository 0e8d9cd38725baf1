"""The rung of containerd: a task that its shim starts, in a namespace of doctor's own, without an image or a snapshot.

    socket            of containerd
    runtime           name of the shim ("io.containerd.runc.v2")
    binary            runtime that the shim calls, "" for its default
    systemd, parent   where the group is made, as for the rung of the runtime
    directories       containerd's root and state directory: the empty directories of the namespace are removed there

Output: {"step", "kind", "code", "message", "pid", "exit", "stdout", "expected"}: the call that failed, "" if all succeeded; how
it failed ("refused" by containerd with gRPC's `code` and its message, or a kind of `CallError`); containerd's process, 0 if it is
unknown; how the program ended and what it printed.
"""

import json
import os
import time
from typing import Any

from doctor.runtime.calls.errors import CallError
from doctor.runtime.calls.grpc import GrpcSocket, Reply
from doctor.runtime.calls.protobuf import fields, message
from doctor.runtime.rungs.bundle import announce_group, program, write
from doctor.runtime.rungs.config import config
from doctor.runtime.rungs.stage import Workspace

NAMESPACE = "doctor"
"""containerd's namespace of the test containers. It exists only while there is one, unless a user made it."""
_LABEL = "doctor: test container, removed within seconds"
_CONTAINERS, _TASKS = "containerd.services.containers.v1.Containers", "containerd.services.tasks.v1.Tasks"
_NAMESPACES, _VERSION = "containerd.services.namespaces.v1.Namespaces", "containerd.services.version.v1.Version"
_SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
_OPTIONS = "containerd.runc.v1.Options"
_RESERVE_S, _UNDO_S, _PAUSE_S = 0.5, 1.0, 0.05
_NOT_FOUND, _EXISTS = 5, 6
_SHIM_SOCKETS = "/run/containerd/s"
_BUNDLES = "io.containerd.runtime.v2.task"
_KILL = 9


class _TaskRefusedError(Exception):
    """containerd answered with an error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.message)
        self.reply = reply


def attempt(staged: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """Start the task, wait for its end, and remove it."""
    line = f"{staged.token} started by containerd\n"
    image = program(line)
    found: dict[str, Any] = {"step": "connect", "kind": "", "code": 0, "message": "", "pid": 0, "expected": line}
    try:
        with GrpcSocket(str(given["socket"]), timeout_s=_left(staged)) as server:
            found["pid"] = server.server_pid
            _Task(server, staged, given, found).run(image)
    except CallError as error:
        found |= {"kind": error.kind, "message": error.message}
    except _TaskRefusedError as error:
        found |= {"kind": "refused", "code": error.reply.code, "message": error.reply.message}
    else:
        found["step"] = ""
    found["stdout"] = _said(f"{staged.directory}/stdout")
    return found


class _Task:
    """A container and its task. Each method's call is named in `found["step"]` before it is sent."""

    def __init__(self, server: GrpcSocket, staged: Workspace, given: dict[str, Any], found: dict[str, Any]) -> None:
        self._server, self._staged, self._given, self._found = server, staged, given, found

    def run(self, image: bytes) -> None:
        """From the bundle to the removal."""
        identity = self._staged.token
        self._call("version", f"{_VERSION}/Version", b"")
        top = self._prepare(image)
        directories = [str(path) for path in self._given.get("directories") or ()]
        self._staged.before("undo", "task", str(self._given["socket"]), identity, *directories)
        self._make_namespace()
        self._call("create container", f"{_CONTAINERS}/Create", message((1, self._container(top))))
        # Of a shim with only one of the two (1.7.24) the copying of the other one panics.
        output = f"file://{top}/stdout"
        self._call("create task", f"{_TASKS}/Create", message((1, identity), (5, output), (6, output)))
        self._call("start task", f"{_TASKS}/Start", message((1, identity)))
        ended = self._call("wait for task", f"{_TASKS}/Wait", message((1, identity)))
        self._found["exit"] = next((value for number, value in fields(ended) if number == 1), 0)
        self._call("delete task", f"{_TASKS}/Delete", message((1, identity)))
        self._call("delete container", f"{_CONTAINERS}/Delete", message((1, identity)))

    def _make_namespace(self) -> None:
        """Make the namespace with a label of doctor's: only such a one is removed. containerd makes one without, for a container."""
        self._found["step"] = "create namespace"
        label = message((1, "what"), (2, _LABEL))
        body = message((1, message((1, NAMESPACE), (2, label))))
        reply = _ask(self._server, f"{_NAMESPACES}/Create", body, _left(self._staged))
        if reply.code not in {0, _EXISTS}:
            raise _TaskRefusedError(reply)

    def _prepare(self, image: bytes) -> str:
        top = self._staged.directory
        write(f"{top}/start", image, 0o755)
        os.mkdir(f"{top}/rootfs", 0o755)
        return top

    def _container(self, top: str) -> bytes:
        """The record: the whole config.json, and the runtime with its options."""
        group = announce_group(self._staged, self._given)
        document = config(root=f"{top}/rootfs", program=f"{top}/start", group=group, given=self._given)
        spec = message((1, _SPEC), (2, json.dumps(document).encode()))
        binary, is_systemd = str(self._given.get("binary") or ""), bool(self._given.get("systemd"))
        options = message((6, binary), (7, f"{top}/state"), (9, int(is_systemd)))
        runtime = message((1, str(self._given["runtime"])), (2, message((1, _OPTIONS), (2, options))))
        label = message((1, "what"), (2, _LABEL))
        return message((1, self._staged.token), (2, label), (4, runtime), (5, spec))

    def _call(self, step: str, method: str, body: bytes) -> bytes:
        self._found["step"] = step
        reply = _ask(self._server, method, body, _left(self._staged))
        if reply.code:
            raise _TaskRefusedError(reply)
        return reply.body


def undo(words: list[str]) -> None:
    """Remove a task, its container, and the namespace if it is empty. Raises OSError if containerd does not."""
    path, identity, *directories = words
    _settle([f"{directory}/{_BUNDLES}/{NAMESPACE}/{identity}" for directory in directories])
    try:
        with GrpcSocket(path, timeout_s=_UNDO_S) as server:
            _ask(server, f"{_TASKS}/Kill", message((1, identity), (3, _KILL), (4, 1)), _UNDO_S)
            kept = _delete(server, f"{_TASKS}/Delete", identity)
            kept = _delete(server, f"{_CONTAINERS}/Delete", identity) or kept
            known = _ask(server, f"{_NAMESPACES}/Get", message((1, NAMESPACE)), _UNDO_S)
            if _LABEL.encode() in known.body:
                _ask(server, f"{_NAMESPACES}/Delete", message((1, NAMESPACE)), _UNDO_S)
    except CallError as error:
        raise OSError(0, error.message) from None
    for directory in directories:
        _remove_empty(f"{directory}/{_BUNDLES}/{NAMESPACE}")
    _remove_socket(path, identity)
    if kept:
        raise OSError(0, kept)


def _settle(bundles: list[str]) -> None:
    """Wait until containerd has cleaned up a start whose caller was killed: until then, it knows no task to delete."""
    end = time.monotonic() + _UNDO_S
    while any(map(os.path.isdir, bundles)) and time.monotonic() < end:
        time.sleep(_PAUSE_S)


def _delete(server: GrpcSocket, method: str, identity: str) -> str:
    """Delete a task or a container; return why it is still there. That of a shim that died is removed by containerd meanwhile."""
    end = time.monotonic() + _UNDO_S
    while True:
        reply = _ask(server, method, message((1, identity)), _UNDO_S)
        if reply.code in {0, _NOT_FOUND}:
            return ""
        if time.monotonic() >= end:
            return reply.message
        time.sleep(_PAUSE_S)


def _remove_socket(path: str, identity: str) -> None:
    """Remove the socket of a shim that died (containerd runtime/v2/shim, SocketAddress)."""
    import hashlib  # noqa: PLC0415 - loaded after the start was timed

    name = hashlib.sha256(f"{path}/{NAMESPACE}/{identity}".encode()).hexdigest()
    try:
        os.unlink(f"{_SHIM_SOCKETS}/{name}")
    except OSError:
        return


def _ask(server: GrpcSocket, method: str, body: bytes, timeout_s: float) -> Reply:
    return server.call(method, body, timeout_s=timeout_s, fields={"containerd-namespace": NAMESPACE})


def _left(staged: Workspace) -> float:
    """Seconds for a call: it ends before the rung is killed, so that the call that hung is known."""
    return max(0.05, staged.left_s - _RESERVE_S)


def _remove_empty(directory: str) -> None:
    try:
        os.rmdir(directory)
    except OSError:
        return


def _said(path: str) -> str:
    try:
        with open(path, "rb") as source:
            return source.read(4096).decode("utf-8", "replace")
    except OSError:
        return ""
