"""IPv4 forwarding is off."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.details import OfSysctl
from doctor.facts.engine.state import EngineState
from doctor.facts.kernel.sysctl import Sysctl, SysctlFiles
from doctor.facts.network.links import Links

KEY = "net.ipv4.ip_forward"


@check(
    severity=Severity.CRITICAL,
    detail=OfSysctl,
    breaks=("egress", "port", "dns"),
    ends=("forwarding-off",),
    ok="the kernel forwards IPv4",
    messages=(
        Message(
            pattern=r"IPv4 forwarding is disabled\S*|ip_forward contents are not set to 1",
            example="WARNING: IPv4 forwarding is disabled. Networking will not work.",
            means="the kernel does not forward packets, so containers reach nothing outside",
            do="set net.ipv4.ip_forward=1 now, and comment out the line of a sysctl file that sets 0",
            also=("network/ip-forward-reverted-at-boot",),
        ),
    ),
)
def ip_forward_off(
    sysctl: Sysctl,
    files: SysctlFiles | Missing,
    engine: EngineConfig,
    state: EngineState | Missing,
    links: Links | Missing,
) -> Iterator[Finding]:
    """The kernel does not forward IPv4, so containers on bridge networks reach nothing outside the host.

    What it looks at:
        The running value of net.ipv4.ip_forward, the file that decides it at the next boot, whether the engine's ``ip-forward``
        is on, and whether the engine runs or has bridges on the host.

    Why it matters:
        The kernel forwards packets between a container's bridge and the host's interfaces. With forwarding off, it silently
        drops them: containers can't reach the outside and published ports don't answer. dockerd checks the value only at its
        start, so a running engine does not notice a change. With ``"ip-forward": false``, dockerd never turns forwarding on, and
        the finding is only a remark.

    How it is fixed:
        The running value is set to 1, and a line of sysctl.d or sysctl.conf that would turn it off again is commented out. It is
        not set to 1: an engine that finds forwarding on at its start does not set the policy of FORWARD to DROP. The running
        value also sets forwarding of every interface to 1; undo restores each value. If the policy of FORWARD is ACCEPT, this host
        would forward for everyone: like the engine, the repair sets it to DROP if it was that, and asks (``--choose``) if that is unknown.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
        moby/moby: libnetwork/drivers/bridge/setup_ip_forwarding.go
    """
    if sysctl.number(KEY) != 0 or (isinstance(state, EngineState) and state.status == "absent"):
        return
    runs = isinstance(state, EngineState) and state.pid != 0
    bridges = links.engine_bridges() if isinstance(links, Links) else None
    if engine.ip_forward and not runs and bridges == ():
        # There are no bridges yet, and dockerd sets the value at its start.
        return
    yield Finding(
        subject=Subject("sysctl", KEY),
        message=_message(engine=engine, runs=runs),
        evidence=tuple(_evidence(files, engine, None if isinstance(state, Missing) else runs)),
        detail=OfSysctl(key=KEY),
        severity=None if engine.ip_forward else Severity.INFO,
    )


def _message(*, engine: EngineConfig, runs: bool) -> str:
    text = f"{KEY} is 0: containers on bridge networks reach nothing outside this host"
    if not engine.ip_forward:
        return f'{text}, and the engine does not set it because of "ip-forward": false'
    return f"{text}, and a running engine does not set it again" if runs else text


def _evidence(files: SysctlFiles | Missing, engine: EngineConfig, runs: bool | None) -> Iterator[Evidence]:
    yield Evidence("/proc/sys/net/ipv4/ip_forward", "0")
    setters = files.deciders(KEY) if isinstance(files, SysctlFiles) else ()
    for program, setter in setters:
        yield Evidence(setter.place, f"{KEY} = {setter.value}, applied by {program.name} {program.when}")
    if not engine.ip_forward:
        setting = engine.setting("ip-forward")
        yield Evidence(setting.place, "ip-forward is false: dockerd does not change the kernel's value")
    elif runs:
        yield Evidence(docker.PROCESS, "is running; it sets the value only at its start")
    elif runs is not None:
        yield Evidence(docker.PROCESS, "is not running; it will set the value at its start")
