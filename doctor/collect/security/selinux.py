"""Reads the state of SELinux and, where it is enforcing, the end of the audit log."""

import os
import re
from collections.abc import Iterator

from doctor.facts.engine.state import EngineState
from doctor.facts.security.selinux import Denial, Selinux
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_ENFORCE = HostPath("/sys/fs/selinux/enforce")
_CONFIG = HostPath("/etc/selinux/config")
_LOG = HostPath("/var/log/audit/audit.log")
_TAIL_BYTES = 256 << 10
_RECENT_S = 24 * 3600
_MOST = 200
# Each is matched in linear time, whatever a line holds.
_HEAD = r"audit\((\d{1,12})\.\d{1,9}:\d{1,12}\): avc: {1,4}denied {1,4}\{ ?([^{}]{1,200}?) ?\}"
_FIELD = r"\b(comm|scontext|tclass|permissive)=(\"[^\"]*\"|\S+)"
_OWN = ("runc", "crun", "dockerd", "containerd", "docker-proxy")


@collector
def selinux(host: Host, state: EngineState) -> Selinux:
    """Return the state. Missing if SELinux is not enforcing, or no engine is installed."""
    if state.status == "absent":
        raise HostError(Missing(Why.ABSENT, "no engine is installed"))
    if decode(host.read(_ENFORCE)).strip() != "1":
        raise HostError(Missing(Why.ABSENT, "SELinux is not enforcing"))
    policy = _policy(host)
    return Selinux(
        policy=policy,
        has_container_module=_has_module(host, policy),
        log=_LOG,
        denials=tuple(_denials(decode(_tail(host)), host.now() - _RECENT_S))[-_MOST:],
    )


def _policy(host: Host) -> str:
    try:
        found = re.search(r"(?m)^[ \t]*SELINUXTYPE[ \t]*=[ \t]*([\w-]{1,64})", decode(host.read(_CONFIG)))
    except HostError:
        return "targeted"
    return "targeted" if found is None else found[1]


def _has_module(host: Host, policy: str) -> bool | None:
    """Return whether a directory NNN/container exists where semodule keeps the modules, by their priority."""
    seen = False
    for top in (f"/var/lib/selinux/{policy}/active/modules", f"/etc/selinux/{policy}/active/modules"):
        try:
            priorities = host.listdir(HostPath(top))
        except HostError:
            continue
        seen = True
        if any(host.exists(HostPath(f"{top}/{name}/container")) for name in priorities if name.isdigit()):
            return True
    return False if seen else None


def _tail(host: Host) -> bytes:
    try:
        descriptor = host.open_fd(_LOG, follow=True)
    except HostError as error:
        if error.is_absent:
            return b""
        raise
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, max(0, size - _TAIL_BYTES), os.SEEK_SET)
        return os.read(descriptor, _TAIL_BYTES)
    except OSError as error:
        raise HostError(Missing(Why.UNREADABLE, f"{_LOG}: {error.strerror}")) from error
    finally:
        os.close(descriptor)


def _denials(text: str, since: float) -> Iterator[Denial]:
    for line in text.splitlines():
        if "avc:" not in line:
            continue
        head = re.search(_HEAD, line[:2000])
        if head is None or float(head[1]) < since:
            continue
        fields = dict(re.findall(_FIELD, line[head.end() : 2000]))
        command = _name(fields.get("comm", ""))
        source = [*fields.get("scontext", "").split(":"), "", "", ""][2]
        is_own = command.startswith(_OWN) or source.startswith("container_runtime")
        if is_own and fields.get("permissive") != "1":
            yield Denial(
                time=float(head[1]),
                command=command[:64],
                access=head[2],
                target=fields.get("tclass", ""),
                source=source,
                line=line[head.start() : 2000][:300],
            )


def _name(text: str) -> str:
    """Return a command's name; auditd writes one with odd characters in hexadecimal digits."""
    if text.startswith('"'):
        return text.strip('"')
    try:
        return bytes.fromhex(text).decode("utf-8", "replace")
    except ValueError:
        return text
