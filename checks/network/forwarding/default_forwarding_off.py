"""New interfaces will not forward IPv4."""

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
        A new interface takes its settings from "default". Existing networks continue to work. The next network that Docker or
        Compose creates does not, and its own configuration does not show the cause.

    How it is fixed:
        The key is set to 1, and so is the sysctl line that sets it to 0, if there is one. On a host whose policy of FORWARD is
        ACCEPT this is a question, unless the last healthy scan saw that: later interfaces of others would forward for everyone.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    if not engine.ip_forward or (isinstance(state, EngineState) and state.status == "absent"):
        return
    if sysctl.number("net.ipv4.ip_forward") == 1 and sysctl.number(KEY) == 0:
        yield Finding(
            subject=Subject("sysctl", KEY),
            message=f"{KEY} is 0: networks created from now on reach nothing outside this host",
            evidence=(
                Evidence("/proc/sys/net/ipv4/conf/default/forwarding", "0"),
                Evidence("/proc/sys/net/ipv4/ip_forward", "1"),
            ),
            detail=OfSysctl(key=KEY),
        )
