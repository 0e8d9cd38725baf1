"""Reverse path filtering of the host drops packets of containers."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.kernel.sysctl import interface_key
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import SettingChanged
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.world import HOST


@check(
    severity=Severity.ERROR,
    detail=SettingChanged,
    breaks=("egress", "port"),
    ok="reverse path filtering drops no packets of containers",
)
def reverse_path_ends(ends: OpenCuts, namespaces: NetNamespaces, record: HealthyNetwork | Missing) -> Iterator[Finding]:
    """The setting rp_filter of an interface of the host drops packets of containers, because their answers would leave by another one.

    What it looks at:
        The ways of the packets of all running containers, and what the kernel answers about their sender.

    Why it matters:
        The packets are dropped before any rule sees them, and no log shows it. Hardening profiles set rp_filter to 1 for all interfaces, and
        hosts with several uplinks or with rules of routing then lose traffic.

    How it is fixed:
        The value of the last healthy scan is set. Otherwise the command is shown.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    state = KeptState(namespaces.host, record)
    found: dict[str, list[PathCut]] = {}
    for cut in ends.of("rp-filter"):
        named = re.match(r"rp_filter of ([^\s:]+):", cut.reason)
        if cut.place == HOST and named is not None:
            found.setdefault(interface_key(named[1], "rp_filter"), []).append(cut)
    for key, cuts in found.items():
        before = state.setting(key)
        known = () if before is None else (Evidence(state.place, f"{key} = {before}"),)
        yield Finding(
            subject=Subject("sysctl", key),
            message=cuts[0].says,
            evidence=(*known, *evidence_of(cuts)),
            detail=SettingChanged(key=key, value="1", was="" if before in {None, "1"} else str(before)),
        )
