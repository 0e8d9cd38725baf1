"""Packets of containers leave by an interface that has no carrier."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import RouteAdded
from doctor.facts.path.own.kept_state import KeptState, placed
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.paths import OpenCuts
from doctor.facts.path.way import HOST


@check(
    severity=Severity.ERROR,
    detail=RouteAdded,
    breaks=("egress", "dns"),
    ok="no packets of containers leave by an interface without a carrier",
)
def link_without_carrier(
    ends: OpenCuts, namespaces: NetNamespaces, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """Routes lead packets of containers to an interface without a carrier: a tunnel that no program serves, or an unplugged cable.

    What it looks at:
        The interfaces by which packets of containers leave the host, and the routes that lead to them.

    Why it matters:
        The kernel drops what is sent by such an interface. A VPN client that was killed leaves its tunnel and its routes behind.

    How it is fixed:
        ``--choose`` asks whether the routes over the interface that the last healthy scan did not see are deleted. Otherwise the
        command is shown.

    References:
        https://docs.kernel.org/networking/tuntap.html
    """
    state = KeptState(namespaces.host, record)
    for cut in ends.of("no-carrier"):
        if cut.place != HOST:
            continue
        over = tuple(one for one in placed(namespaces.host) if one.device == cut.device)
        added = tuple(one for one in state.new_routes() if one.device == cut.device and one in over)
        yield Finding(
            subject=Subject("interface", cut.device),
            message=cut.says,
            evidence=(
                Evidence("ip link", f"{cut.device}: no carrier"),
                *(Evidence("ip route", f"{one.text}{', new' if one in added else ''}") for one in over[:4]),
                *evidence_of((cut,)),
            ),
            detail=RouteAdded(routes=added or over, is_new=bool(added)),
        )
