"""The host asks nobody for the addresses of its neighbours."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.path.own.details import SettingChanged
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import HOST

_KEY = re.compile(r"(net\.ipv[46]\.neigh\.\S+\.mcast_solicit) is 0")


@check(
    severity=Severity.ERROR,
    detail=SettingChanged,
    breaks=("egress", "port"),
    ok="the host asks for the addresses of containers and gateways",
)
def neighbours_not_asked(ends: OpenCuts, record: HealthyNetwork | Missing) -> Iterator[Finding]:
    """The setting mcast_solicit of an interface is 0, so the host never asks for the MAC address of a container or gateway.

    What it looks at:
        mcast_solicit of the host's own interfaces and bridges, for ARP and for IPv6, where packets of containers end because the
        address of the next hop is not known, and app_solicit: a program may ask instead.

    Why it matters:
        Addresses that are known still work for a while, so that containers lose their connections one after the other. No rule and
        no route shows it.

    How it is fixed:
        The value of the last healthy scan is set; without one the command is shown. If a file sets the present value, ``--choose`` asks
        whether it stays, or is changed there as well.

    References:
        https://man7.org/linux/man-pages/man7/arp.7.html
    """
    kept = {} if isinstance(record, Missing) else record.namespace.sysctls
    found: dict[str, list[PathCut]] = {}
    for cut in ends.of("neighbour"):
        named = _KEY.search(cut.reason)
        if named is not None and cut.place == HOST:
            found.setdefault(named[1], []).append(cut)
    for key, cuts in found.items():
        before = kept.get(key, "")
        known = (Evidence(record.place, f"{key} = {before}"),) if before and not isinstance(record, Missing) else ()
        yield Finding(
            subject=Subject("sysctl", key),
            message=cuts[0].says,
            evidence=(Evidence("sysctl", f"{key} = 0"), *known, *evidence_of(cuts)),
            detail=SettingChanged(key=key, value="0", was=before if before != "0" else ""),
        )
