"""Killed test containers left rules or routes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.details import LeftRoute, LeftRules
from doctor.facts.network.doctor_runs import DoctorRuns
from doctor.model.text import plural


@check(
    severity=Severity.WARNING,
    detail=LeftRules | LeftRoute,
    ok="no killed test container left rules or routes",
)
def doctor_leftovers(runs: DoctorRuns) -> Iterator[Finding]:
    """A killed test container of doctor left rules or routes, because its cleanup was killed too.

    What it looks at:
        Rules with a comment ``doctor-runtime:TOKEN`` in the output of iptables-save, and routes of protocol 208, compared with
        /proc/net/unix: a current run has a socket of that name there until everything of it is removed.

    Why it matters:
        A rule that publishes a port sends packets to an address that no container has, or that the next one gets. The rest does
        no harm, but nothing else removes it.

    How it is fixed:
        The rules and routes are removed. The next 'doctor run -p' or 'doctor probe port' also removes them.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for token, marks in runs.left.items():
        yield Finding(
            subject=Subject("rules", f"doctor-runtime:{token}"),
            message=f"a killed test container left {plural(len(marks), 'firewall rule')}: its published ports lead to no container",
            evidence=tuple(Evidence(" ".join(runs.save), f"-t {mark.table} {mark.rule}") for mark in marks),
            detail=LeftRules(marks=marks),
        )
    for destination, device in runs.routes:
        yield Finding(
            subject=Subject("route", destination),
            message=f"a killed test container left a route: packets to {destination} go to {device} and are lost",
            severity=Severity.INFO,
            evidence=(Evidence("ip -j route", f"{destination} dev {device} proto 208"),),
            detail=LeftRoute(destination=destination, device=device),
        )
