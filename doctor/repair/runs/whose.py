"""Identifies the disk and the data root of a run: recorded with it, and compared before an undo writes."""

from doctor.api.engine import Ask
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.host_identity import HostIdentity
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.root_identity import RootIdentity
from doctor.model.step import touches
from doctor.plugins.engines import engine, engines
from doctor.repair.runs.record import PlanRecord
from doctor.scan.resolve import Facts


def disk_of(host: Host) -> HostIdentity:
    """Return the identity of a mounted disk; an empty one for the running host."""
    if host.root == "/":
        return HostIdentity()
    return HostIdentity(machine=_machine(host), file_system=_file_system(host), root=tuple(_births(host)))


def _machine(host: Host) -> str:
    try:
        text = host.read(HostPath("/etc/machine-id"), limit_bytes=4096).decode("ascii", "replace").strip()
    except HostError:
        return ""
    # An image has "uninitialized" until its first boot (machine-id(5)).
    return text if len(text) == 32 else ""


def _file_system(host: Host) -> str:
    try:
        found = host.statfs(HostPath("/"))
    except HostError:
        return ""
    return f"{found.magic:x}:{found.fsid:x}" if found.fsid else ""


def _births(host: Host) -> list[tuple[int, int]]:
    found = []
    for path in ("/", "/etc"):
        try:
            found.append(host.birth(HostPath(path)))
        except HostError:
            continue
    return [place for place in found if all(place)]


def roots_of(facts: Facts, host: Host) -> dict[str, RootIdentity]:
    """Return the identity of each engine's data root."""
    found = {one.name: one.root(host, facts.get) for one in engines()}
    return {name: root.identity for name, root in found.items() if root is not None}


def refuse_other(record: PlanRecord, host: Host) -> None:
    """Raise ``RefusedError`` if another disk or data root is now at the paths of a run."""
    if record.host.is_other(disk_of(host)):
        raise RefusedError(
            f"the mounted disk is not the one that this run repaired (machine id {record.host.machine or 'unknown'})",
            where=record.root,
            do="mount that disk there, then undo again",
        )
    steps = [step for action in record.actions for step in action.steps]
    for name, recorded in record.roots.items():
        if not any(touches(step, record.stopped_for(name)) for step in steps):
            continue
        root = engine(name).root(host, facts_at(host, record))
        if root is None:
            raise RefusedError(
                "the data root that this run repaired is missing",
                where=recorded.path,
                do="move it back, or mount it there, then undo again",
            )
        found = root.likeness(recorded)
        if not found.is_same:
            raise RefusedError(
                f"the data root is not the one that this run repaired ({found.in_words})",
                where=root.path,
                do="move that one back, then undo again",
            )


def facts_at(host: Host, record: PlanRecord) -> Ask:
    """Return the facts of a host with the data roots of a run, independent of its current settings."""
    ask: Ask = Facts(host).get
    for name, recorded in record.roots.items():
        ask = engine(name).ask_at(host, recorded.path, ask)
    return ask
