"""The clock of the host is earlier than records that the engine wrote."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.host.clock import HostClock


@check(severity=Severity.ERROR, ok="no record of the engine is later than the host's clock")
def clock_behind(clock: HostClock, containers: Containers) -> Iterator[Finding]:
    """The clock of the host is earlier than moments that the engine recorded, so pulls fail with certificate errors.

    What it looks at:
        The latest moment at which a container was created, started or stopped (config.v2.json), against the host's clock. A
        day or more of difference is a finding: either the clock is wrong now, or it was ahead when the container was used. If
        systemd-timesyncd has set the clock since the boot, it is right now, and there is no finding.

    Why it matters:
        With a clock in the past every certificate of a registry, mirror or swarm node is "not yet valid", so pulls and joins
        fail, although containers start. Hosts without a battery for their clock (Raspberry Pi, some virtual machines) boot in
        the past until time synchronisation reaches a server.

    How it is fixed:
        Manually: a program that sets the time, such as chrony or systemd-timesyncd. doctor sets no clock, because a jump can
        harm programs that run.

    References:
        https://pkg.go.dev/crypto/x509#CertificateInvalidError
        https://www.freedesktop.org/software/systemd/man/latest/systemd-timesyncd.service.html
    """
    found = None if clock.is_synchronized else clock.later(containers.items)
    if found is None:
        return
    container, moment = found
    yield Finding(
        subject=Subject("host", "clock"),
        message=f"this host's clock shows {clock.text}, but the engine recorded {moment} for container {container.name}:"
        " certificates are not yet valid if the clock is wrong now",
        evidence=(Evidence("clock", clock.text), Evidence(f"container {container.name}", moment)),
    )
