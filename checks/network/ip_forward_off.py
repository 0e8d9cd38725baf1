"""IPv4 forwarding is off now."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.details import OfSysctl
from doctor.facts.engine.state import EngineState
from doctor.facts.kernel.sysctl import Sysctl, SysctlFiles
from doctor.facts.network.links import Links

KEY = "net.ipv4.ip_forward"


@check(severity=Severity.CRITICAL, detail=OfSysctl, breaks=("egress", "port", "dns"), ok="the kernel forwards IPv4")
def ip_forward_off(
    sysctl: Sysctl,
    files: SysctlFiles | Missing,
    engine: EngineConfig,
    state: EngineState | Missing,
    links: Links | Missing,
) -> Iterator[Finding]:
    """The kernel does not forward IPv4, so containers on bridge networks reach nothing outside the host.

    What it looks at:
        The running value of net.ipv4.ip_forward, the file that would decide it at the next boot, whether the engine's
        ``ip-forward`` is on, and whether the engine runs or has left bridges.

    Why it matters:
        Packets between a container's bridge and the host's interfaces are forwarded by the kernel. With forwarding off
        they are dropped without a word: containers can't reach the outside and published ports don't answer. dockerd turns
        forwarding on only once, when it starts and finds 0: an engine that is running does not notice. With
        ``"ip-forward": false`` it never does, and the finding is a remark only.

    How it is fixed:
        The running value is set to 1, and so is the line of sysctl.d or sysctl.conf that would turn it off again. Setting
        it flips forwarding of every interface to 1: undo writes each back.

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
        # Nothing to forward for yet, and dockerd sets it when it starts.
        return
    yield Finding(
        subject=Subject("sysctl", KEY),
        message=_message(engine=engine, runs=runs),
        evidence=tuple(_evidence(files, engine, None if isinstance(state, Missing) else runs)),
        detail=OfSysctl(key=KEY),
        severity=None if engine.ip_forward else Severity.INFO,
    )


def _message(*, engine: EngineConfig, runs: bool) -> str:
    text = f"containers on bridge networks reach nothing outside this host: {KEY} is 0"
    if not engine.ip_forward:
        return f'{text}, and "ip-forward": false keeps the engine from setting it'
    return f"{text}, and the running engine won't notice" if runs else text


def _evidence(files: SysctlFiles | Missing, engine: EngineConfig, runs: bool | None) -> Iterator[Evidence]:
    yield Evidence("/proc/sys/net/ipv4/ip_forward", "0")
    setters = files.deciders(KEY) if isinstance(files, SysctlFiles) else ()
    for program, setter in setters:
        yield Evidence(setter.place, f"{KEY} = {setter.value}, applied by {program.name} {program.when}")
    if not engine.ip_forward:
        setting = engine.setting("ip-forward")
        yield Evidence(setting.place, "ip-forward is false: dockerd leaves the kernel's value alone")
    elif runs:
        yield Evidence("dockerd", "is running; it sets the value once, when it starts, and does not look again")
    elif runs is not None:
        yield Evidence("dockerd", "is not running; it would set the value when it starts")
