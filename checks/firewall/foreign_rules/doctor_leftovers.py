"""What killed test containers left on the network."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.details import LeftRoute, LeftRules
from doctor.facts.network.doctor_runs import DoctorRuns


@check(
    severity=Severity.WARNING,
    detail=LeftRules | LeftRoute,
    ok="no killed container of doctor's left anything on the network",
)
def doctor_leftovers(runs: DoctorRuns) -> Iterator[Finding]:
    """A container that doctor started was killed with all that cleans up after it, and its rules or routes are still there.

    What it looks at:
        Rules with a comment ``doctor-runtime:TOKEN`` in iptables-save's output, and routes of protocol 208, against
        /proc/net/unix, where a run shows a socket of that name until everything of it is removed.

    Why it matters:
        A rule that publishes a port still leads it to an address that no container has, or that the next one gets. The rest
        does no harm, but nobody else removes it.

    How it is fixed:
        The rules and routes are removed. The next 'doctor run -p' or 'doctor probe port' removes them too.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for token, marks in runs.left.items():
        yield Finding(
            subject=Subject("rules", f"doctor-runtime:{token}"),
            message=f"a killed container of doctor left {len(marks)} firewall rules: its published ports lead nowhere",
            evidence=tuple(Evidence(" ".join(runs.save), f"-t {mark.table} {mark.rule}") for mark in marks),
            detail=LeftRules(marks=marks),
        )
    for destination, device in runs.routes:
        yield Finding(
            subject=Subject("route", destination),
            message=f"a route to a killed test container is left: packets to {destination} go by {device} and vanish",
            severity=Severity.INFO,
            evidence=(Evidence("ip -j route", f"{destination} dev {device} proto 208"),),
            detail=LeftRoute(destination=destination, device=device),
        )
