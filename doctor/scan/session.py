"""Judges whether actions change the way of a session by which somebody is logged in: on the predicted host, whatever the action."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.sessions import RemoteSessions, way_of
from doctor.host.base import Host
from doctor.model.action import Action, Stage
from doctor.model.missing import HostError, Missing
from doctor.model.step import Netlink, Step
from doctor.scan.resolve import Facts

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.formats.network.proc_net import Connection

_HOST = 0


def moved_session(actions: Iterable[Action], steps: list[Step], before: Host, after: Host, facts: Facts) -> str:
    """Return the session whose packets take another way after the steps, or that a rule ends then; "" for none."""
    is_network = any(isinstance(step, Netlink) and step.inode == _HOST for step in steps)
    is_firewall = any(action.stage is Stage.FIREWALL for action in actions) and bool(steps)
    if not (is_network or is_firewall) or not before.is_live():
        return ""
    sessions: RemoteSessions | Missing = facts.get(RemoteSessions)
    if isinstance(sessions, Missing) or not sessions.items:
        return ""
    known, then = _state(before), _state(after)
    if known is None or then is None:
        return ""
    for one in sessions.items:
        if is_network and not way_of(one, known).is_kept(way_of(one, then)):
            return _words(one)
    if is_firewall and (found := _ended(sessions, known, (before, after), facts)) is not None:
        return _words(found)
    return ""


def _words(session: "Connection") -> str:
    return f"the session from {session.peer} to {session.address} port {session.port}"


def _state(host: Host) -> "NetNamespace | None":
    try:
        found = host.net_namespaces((_HOST,)).get(_HOST)
    except HostError:
        return None
    return None if isinstance(found, Missing) else found


def _ended(
    sessions: RemoteSessions, namespace: "NetNamespace", hosts: tuple[Host, Host], facts: Facts
) -> "Connection | None":
    """Return the first session that rules let through before, and certainly do not let through after."""
    before, after = hosts
    known = facts if before is facts.host else facts.predicted(before)
    first, second = known.get(Firewall), Facts(after).get(Firewall)
    if not isinstance(first, Firewall) or not isinstance(second, Firewall):
        return None
    from doctor.facts.path.rules.sessions import ends  # noqa: PLC0415 - evaluating packets takes a dozen modules

    for one in sessions.items:
        link = way_of(one, namespace).link
        if link and ends(second, one, link) and not ends(first, one, link):
            return one
    return None
