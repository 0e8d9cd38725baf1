"""Finds stale rules and routes of dead runs of the bundled runtime; looks for live runs only if there are any."""

import re

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.doctor_runs import MARK, PROTOCOL, DoctorRuns, Mark
from doctor.facts.network.links import Links
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_TOKEN = re.compile(re.escape(MARK) + r"([0-9a-f]{8})\b")
_SOCKETS = HostPath("/proc/net/unix")


@collector
def doctor_runs(host: Host, firewall: Firewall, links: Links | Missing) -> DoctorRuns:
    """Return the stale ones. If the sockets can't be read, no run counts as dead."""
    found: dict[str, list[Mark]] = {}
    rules = () if firewall.v4 is None else firewall.v4.ruleset.rules
    for rule in rules:
        token = _TOKEN.search(rule.text) if MARK in rule.text else None
        if token is not None:
            found.setdefault(token[1], []).append(Mark(table=rule.table, chain=rule.chain, rule=rule.text))
    routes = () if isinstance(links, Missing) else links.main
    ours = tuple((route.destination, route.device) for route in routes if route.protocol == PROTOCOL)
    if (not found and not ours) or firewall.v4 is None:
        return DoctorRuns()
    try:
        alive = set(_TOKEN.findall(decode(host.read(_SOCKETS, limit_bytes=16 << 20))))
    except HostError as error:
        return DoctorRuns(gaps=(error.missing,))
    return DoctorRuns(
        left={token: tuple(marks) for token, marks in found.items() if token not in alive},
        routes=() if alive else ours,
        save=firewall.v4.save,
    )
