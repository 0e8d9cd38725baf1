"""Reverse path filtering of the host drops packets of containers."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.kernel.sysctl import Sysctl, interface_key
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import SettingChanged, SettingsChanged
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import HOST


@check(
    severity=Severity.ERROR,
    detail=SettingsChanged,
    breaks=("egress", "port"),
    ok="reverse path filtering drops no packets of containers",
)
def reverse_path_ends(
    ends: OpenCuts, namespaces: NetNamespaces, sysctl: Sysctl, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """The setting rp_filter of an interface of the host drops packets of containers, because their answers would leave by another one.

    What it looks at:
        The ways of the packets of all running containers, and what the kernel answers about their sender.

    Why it matters:
        The packets are dropped before any rule sees them, and no log shows it. Hardening profiles set rp_filter to 1 for all interfaces, and
        hosts with several uplinks or with rules of routing then lose traffic.

    How it is fixed:
        The values of the last healthy scan are set, of the interface and of "all": the larger one is effective. Without
        such values the command is shown. If a file sets the present one, ``--choose`` asks whether it stays, or is changed there as well.

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
        settings = tuple(_compared(sysctl, state, one) for one in (key, interface_key("all", "rp_filter")))
        yield Finding(
            subject=Subject("sysctl", key),
            message=cuts[0].says,
            evidence=(
                *(Evidence("sysctl", f"{one.key} = {one.value}") for one in settings if one.value),
                *(Evidence(state.place, f"{one.key} = {one.was}") for one in settings if one.was),
                *evidence_of(cuts),
            ),
            detail=SettingsChanged(items=settings),
        )


def _compared(sysctl: Sysctl, state: KeptState, key: str) -> SettingChanged:
    now, before = sysctl.value(key) or "", state.setting(key)
    return SettingChanged(key=key, value=now, was="" if before in {None, now} else str(before))
