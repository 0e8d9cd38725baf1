"""From a scan to conditions and events of a node. Pure: no clock, no network.

A condition is ``True`` for a problem, as those of node-problem-detector are. It is ``False`` only if the scan examined all
that belongs to it; in doubt it is ``Unknown``.
"""

import re
import time
from typing import Any

from msgspec import Struct

from doctor.kubernetes.report import NodeReport
from doctor.model.errors import UsageError
from doctor.model.text import plural, visible

DEFAULT = "ContainerHostProblem"
# The API server accepts messages of events up to 1,024 bytes.
LONGEST_BYTES = 1024
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_GREEN = frozenset({"healthy", "clear"})
# Conditions that the kubelet and the node controller set; a foreign one of that name would evict every pod.
_TAKEN = frozenset({"Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "OutOfDisk"})


class ConditionRule(Struct, frozen=True):
    """A condition to set: its type, and the areas or checks that it is about; all without any."""

    type: str
    about: tuple[str, ...] = ()

    def covers(self, check: str) -> bool:
        """Whether a check belongs to the condition."""
        return not self.about or check in self.about or check.partition("/")[0] in self.about


class NodeCondition(Struct, frozen=True, kw_only=True):
    """A condition as the scan makes it: type, status (True, False, Unknown), reason, message."""

    type: str
    status: str
    reason: str
    message: str


def parse(text: str) -> ConditionRule:
    """Parse ``TYPE`` or ``TYPE=AREA,AREA``.

    >>> parse("ContainerNetworkProblem=network,firewall")
    ConditionRule(type='ContainerNetworkProblem', about=('network', 'firewall'))
    """
    name, _, about = text.partition("=")
    if not _NAME.fullmatch(name) or name in _TAKEN:
        why = "is set by Kubernetes itself" if name in _TAKEN else "is not a word of letters and digits"
        raise UsageError(f"--condition '{name}' {why}", do=f"choose another name, such as {DEFAULT}")
    return ConditionRule(name, tuple(word.strip() for word in about.split(",") if word.strip()))


def wanted(rule: ConditionRule, report: NodeReport) -> NodeCondition:
    """Return the condition that a scan proves."""
    found = [one for one in report.problems() if rule.covers(one.id)]
    ran = [one for one in report.outcomes if rule.covers(one.id)]
    blind = sum(1 for one in ran if one.incomplete or one.outcome == "error")
    if found:
        says = f"{plural(len(found), 'problem')} found" + (f", {plural(blind, 'check')} incomplete" if blind else "")
        lines = [f"{visible(one.message)} [{one.id}]" for one in found]
        return _condition(rule, "True", reason(found[0].id), "; ".join([says, *lines]))
    if rule.about:
        is_proven = not blind and any(one.outcome in {"pass", "fail"} for one in ran)
        says = f"{plural(blind, 'check')} could not examine everything" if blind else "no check of it ran"
    else:
        is_proven = report.verdict.state in _GREEN
        says = "; ".join(filter(None, (visible(report.verdict.says), visible(report.verdict.unseen))))
    if not is_proven:
        code = "ProblemFound" if report.verdict.state == "problems" and not rule.about else "ScanIncomplete"
        # A failed test container has no finding of its own in an old report.
        return _condition(rule, "True" if code == "ProblemFound" else "Unknown", code, says)
    return _condition(rule, "False", "NoProblemFound", "no problem found" if rule.about else says)


def unknown(rule: ConditionRule, code: str, says: str) -> NodeCondition:
    """Return the condition for a scan that is missing, old or unreadable."""
    return _condition(rule, "Unknown", code, visible(says))


def _condition(rule: ConditionRule, status: str, code: str, says: str) -> NodeCondition:
    return NodeCondition(type=rule.type, status=status, reason=code, message=cut(says))


def reason(check: str) -> str:
    """Return a check's id as Kubernetes writes reasons.

    >>> reason("network/ip-forward-off"), reason("../x")
    ('NetworkIpForwardOff', 'X')
    """
    words = re.findall(r"[A-Za-z0-9]+", check)
    return "".join(word[:1].upper() + word[1:] for word in words)[:128] or "ProblemFound"


def cut(text: str) -> str:
    """Return the text, not longer than a message may be, cut between characters."""
    raw = text.encode("utf-8")
    if len(raw) <= LONGEST_BYTES:
        return text
    return raw[: LONGEST_BYTES - 3].decode("utf-8", "ignore") + "..."


def patch(conditions: list[NodeCondition], current: dict[str, dict[str, Any]], now: float) -> dict[str, Any]:
    """Return the body of the patch. A status that stays keeps the time of its last change.

    ``current``: the node's conditions, by type.
    """
    entries = []
    for one in conditions:
        old = current.get(one.type, {})
        kept = old.get("lastTransitionTime") if old.get("status") == one.status else None
        entries.append(
            {
                "type": one.type,
                "status": one.status,
                "reason": one.reason,
                "message": one.message,
                "lastHeartbeatTime": iso(now),
                "lastTransitionTime": kept if isinstance(kept, str) and kept else iso(now),
            }
        )
    return {"status": {"conditions": entries}}


def changed(conditions: list[NodeCondition], current: dict[str, dict[str, Any]]) -> list[NodeCondition]:
    """Return the conditions that differ from the node's in more than the time, and deserve an event.

    A node that never had one and has no problem gets none.
    """
    return [
        one
        for one in conditions
        if (one.type in current or one.status != "False")
        and any(current.get(one.type, {}).get(key) != getattr(one, key) for key in ("status", "reason", "message"))
    ]


def event(one: NodeCondition, node: str, uid: str, now: float) -> dict[str, Any]:
    """Return the event for a change of a condition."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        # The API server completes it: a node's name may be too long or end in a dot.
        "metadata": {"generateName": "doctor-", "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": "Node", "name": node, **({"uid": uid} if uid else {})},
        "type": "Warning" if one.status == "True" else "Normal",
        "reason": one.reason,
        "message": cut(f"{one.type} is {one.status}: {one.message}"),
        "source": {"component": "doctor", "host": node},
        "firstTimestamp": iso(now),
        "lastTimestamp": iso(now),
        "count": 1,
    }


def iso(seconds: float) -> str:
    """Return a time as the API writes it.

    >>> iso(1_800_000_000.7)
    '2027-01-15T08:00:00Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
