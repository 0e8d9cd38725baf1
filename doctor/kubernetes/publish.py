"""Sets the conditions of a node from the newest report, once or in a loop."""

import os
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from doctor.kubernetes import conditions as made
from doctor.kubernetes import report as reports
from doctor.kubernetes.api import Api
from doctor.model.errors import DoctorError
from doctor.model.text import plural

EVENTS_IN = "default"
"""The namespace of events about nodes, as the kubelet has it; ``kubectl describe node`` looks there."""

_FIRST_S = 5.0
"""How often the first report is looked for."""


class Publishing(Struct, frozen=True, kw_only=True):
    """What to publish: the report's path, the node, the conditions, and the age at which a scan proves nothing any more."""

    path: str
    node: str
    rules: tuple[made.ConditionRule, ...]
    oldest_s: float


def conditions(job: Publishing, now: float) -> list[made.NodeCondition]:
    """Return the conditions that the newest report proves."""
    try:
        report = reports.read(job.path)
    except DoctorError as error:
        return [made.unknown(rule, "NoScan", f"no usable report of a scan: {error.what}") for rule in job.rules]
    # A clock that was set back makes a report of the future: it is as doubtful as an old one.
    if abs(now - report.scanned()) > job.oldest_s:
        says = f"the last scan is of {report.started}: doctor does not scan this node any more"
        return [made.unknown(rule, "ScanTooOld", says) for rule in job.rules]
    return [made.wanted(rule, report) for rule in job.rules]


def publish(job: Publishing, api: Api, *, now: Callable[[], float] = time.time) -> list[made.NodeCondition]:
    """Set the conditions and create an event for each that changed; return those. Raises ``KubernetesError``."""
    found = conditions(job, now())
    # An empty patch changes nothing and returns the node: no right to read nodes is needed.
    node = api.patch_status(job.node, {})
    current = _current(node)
    api.patch_status(job.node, made.patch(found, current, now()))
    changed = made.changed(found, current)
    for one in changed:
        api.create_event(EVENTS_IN, made.event(one, job.node, _uid(node), now()))
    return changed


def loop(
    job: Publishing,
    api: Api,
    *,
    every_s: float,
    progress: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Publish for ever. An API server that does not answer is reported, and asked again in the next round.

    Both containers of a pod start at once, with no report: the condition stays as it is until the first scan ends, or
    every update of the DaemonSet would make it Unknown and back, with two events for each node.
    """
    patience = clock() + job.oldest_s
    while True:
        if clock() < patience and not os.path.lexists(job.path):
            progress("no scan has finished yet: the condition stays as it is")
            sleep(min(every_s, _FIRST_S))
            continue
        try:
            changed = publish(job, api)
        except DoctorError as error:
            progress(f"this round failed: {error}")
        else:
            for one in changed:
                progress(f"{one.type} is {one.status} ({one.reason}): {one.message}")
            if not changed:
                progress(f"{plural(len(job.rules), 'condition')} unchanged")
        sleep(every_s)


def _current(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    status = node.get("status")
    entries = status.get("conditions") if isinstance(status, dict) else None
    listed = entries if isinstance(entries, list) else []
    return {one["type"]: one for one in listed if isinstance(one, dict) and isinstance(one.get("type"), str)}


def _uid(node: dict[str, Any]) -> str:
    about = node.get("metadata")
    uid = about.get("uid") if isinstance(about, dict) else None
    return uid if isinstance(uid, str) else ""
