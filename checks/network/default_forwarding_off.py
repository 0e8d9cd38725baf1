"""New interfaces will not forward."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.details import OfSysctl
from doctor.facts.engine.state import EngineState
from doctor.facts.kernel.sysctl import Sysctl

KEY = "net.ipv4.conf.default.forwarding"


@check(severity=Severity.WARNING, detail=OfSysctl, ok="new bridges will forward IPv4")
def default_forwarding_off(sysctl: Sysctl, engine: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """New interfaces start without IPv4 forwarding, so networks created from now on reach nothing outside.

    What it looks at:
        net.ipv4.conf.default.forwarding while net.ipv4.ip_forward is 1.

    Why it matters:
        A new interface takes its settings from "default". Networks that exist go on working; the next one that Docker or
        Compose creates is dead, and nothing in its own configuration tells why.

    How it is fixed:
        1 is written to the key, and to the sysctl line that set it to 0, if one does.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    if not engine.ip_forward or (isinstance(state, EngineState) and state.status == "absent"):
        return
    if sysctl.number("net.ipv4.ip_forward") == 1 and sysctl.number(KEY) == 0:
        yield Finding(
            subject=Subject("sysctl", KEY),
            message=f"networks created from now on reach nothing outside this host: {KEY} is 0",
            evidence=(
                Evidence("/proc/sys/net/ipv4/conf/default/forwarding", "0"),
                Evidence("/proc/sys/net/ipv4/ip_forward", "1"),
            ),
            detail=OfSysctl(key=KEY),
        )
