"""Interfaces that no container uses are left on a bridge of the engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import StaleVeths
from doctor.facts.network.loose_veths import LoosePair, LooseVeths
from doctor.model.text import plural

_MANY = 30
"""From here on listing interfaces takes noticeably longer."""


@check(severity=Severity.INFO, detail=StaleVeths, ok="no interface is left on a bridge of the engine")
def veth_stale(veths: LooseVeths) -> Iterator[Finding]:
    """Virtual interfaces that no container uses are left on a bridge: many of them slow down the network of the host.

    What it looks at:
        The veths on the bridges of the engine's networks. One is stale if its other end is in the host's own namespace without a
        bridge, an address, a route or another interface on it, and is still there half a second later, because a start of a
        container has this for a moment. Interfaces whose other end is in a namespace of no running container
        count from 30 on: some may belong to another program. If several engines run, nothing is reported.

    Why it matters:
        A crash of the engine during a start leaves such interfaces. Each is a port of the bridge: it gets a copy of every
        broadcast, and each listing of interfaces has it. A few do no harm; from 30 on the finding is a warning.

    How it is fixed:
        If the other end is down, the pair is deleted; undo creates it again on the same bridge. For others, doctor only advises.

    References:
        https://man7.org/linux/man-pages/man4/veth.4.html
    """
    for bridge in dict.fromkeys((*(pair.bridge for pair in veths.pairs), *veths.lost.values())):
        pairs = tuple(pair for pair in veths.pairs if pair.bridge == bridge)
        lost = tuple(name for name, where in veths.lost.items() if where == bridge)
        lost = lost if len(lost) + len(pairs) >= _MANY else ()
        if pairs or lost:
            yield _finding(bridge, pairs, lost)


def _finding(bridge: str, pairs: tuple[LoosePair, ...], lost: tuple[str, ...]) -> Finding:
    count = len(pairs) + len(lost)
    names = (*(pair.outer for pair in pairs), *lost)
    more = f" and {count - 3} more" if count > 3 else ""
    effect = (
        "each listing of interfaces takes longer"
        if count >= _MANY
        else "they do no harm"
        if count > 1
        else "it does no harm"
    )
    return Finding(
        subject=Subject("interface", bridge),
        message=f"no container uses {plural(count, 'interface')} on {bridge} ({', '.join(names[:3])}{more}): {effect}",
        severity=Severity.WARNING if count >= _MANY else None,
        evidence=(
            *(
                Evidence(
                    "ip -d link", f"{pair.outer} on {bridge}: the other end is {pair.inner} in the host's own namespace"
                )
                for pair in pairs[:3]
            ),
            *(
                Evidence("ip -d link", f"{name} on {bridge}: the other end is in no running container")
                for name in lost[:3]
            ),
        ),
        detail=StaleVeths(bridge=bridge, pairs=pairs, lost=lost),
    )
