"""A sysctl file would turn IPv4 forwarding off."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.details import OfSysctl
from doctor.facts.engine.state import EngineState
from doctor.facts.kernel.sysctl import Program, Setter, Sysctl, SysctlFiles

KEY = "net.ipv4.ip_forward"
# net.ipv4.conf.all.forwarding is the same switch under another name (ip-sysctl).
ALIAS = "net.ipv4.conf.all.forwarding"


@check(severity=Severity.WARNING, detail=OfSysctl, ok="no sysctl file turns IPv4 forwarding off")
def ip_forward_reverted_at_boot(
    sysctl: Sysctl | Missing, files: SysctlFiles, engine: EngineConfig, state: EngineState | Missing
) -> Iterator[Finding]:
    """A sysctl file turns IPv4 forwarding off, so containers lose the network when the file is applied.

    What it looks at:
        The files of sysctl.d and sysctl.conf in the order in which systemd-sysctl, ``sysctl --system`` (procps) and ufw apply
        them, and the last line for the key. A file masks files with the same name in later directories (/etc, /run,
        /usr/local/lib, /usr/lib); all files are sorted by name. procps reads /etc/sysctl.conf last.

    Why it matters:
        dockerd turns forwarding on at its start, so the host works after a boot. It stops working when an administrator, a
        package or a hardening script applies the files: a running dockerd does not check the value again.

    How it is fixed:
        In a file below /etc, the line is commented out. A package's file is masked by a copy in /etc/sysctl.d without the line.
        No line sets 1: an engine that finds forwarding on at its start does not set the policy of FORWARD to DROP. The
        running value is not changed.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/sysctl.d.html
        https://man7.org/linux/man-pages/man8/sysctl.8.html
    """
    if not engine.ip_forward or (isinstance(state, EngineState) and state.status == "absent"):
        return
    if isinstance(sysctl, Sysctl) and sysctl.number(KEY) == 0:
        # It is already off: network/ip-forward-off reports that, and its repair changes the files too.
        return
    for key in (KEY, ALIAS):
        wrong = [(program, setter) for program, setter in files.deciders(key) if setter.value == "0"]
        if wrong:
            yield _finding(key, wrong, sysctl)


def _finding(key: str, wrong: list[tuple[Program, Setter]], sysctl: Sysctl | Missing) -> Finding:
    program, setter = wrong[0]
    evidence = [Evidence(line.place, f"{key} = {line.value}, applied by {by.name} {by.when}") for by, line in wrong]
    if isinstance(sysctl, Sysctl) and sysctl.value(KEY) is not None:
        evidence.insert(0, Evidence("/proc/sys/net/ipv4/ip_forward", str(sysctl.value(KEY))))
    return Finding(
        subject=Subject("sysctl", key),
        message=(
            f"{setter.place} turns IPv4 forwarding off {program.when}: "
            "containers then reach nothing outside until the engine's next start"
        ),
        evidence=tuple(evidence),
        detail=OfSysctl(key=key),
    )
