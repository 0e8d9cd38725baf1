"""Published ports that the probe `port` does not test, and why."""

from collections.abc import Iterator

from doctor.facts.containers.containers import Containers
from doctor.facts.network.networks import Endpoint, Networks, PublishedPort
from doctor.model.missing import Missing
from doctor.probes._port_setting import LeftOut

IPV6 = "reached over IPv6"
_PAUSED = "paused: the kernel accepts connections, but no process answers"


def not_asked(networks: Networks, containers: Containers | Missing) -> Iterator[LeftOut]:
    """Yield the published ports of running containers that are not tested."""
    groups: dict[str, list[str]] = {}
    for endpoint in networks.running:
        for published in endpoint.ports if networks.get(endpoint.network_id) is not None else ():
            why = _why_not(published, rests=is_paused(containers, endpoint))
            if why:
                groups.setdefault(why, []).append(f"{published.text} of {endpoint.container}")
    for why, ports in groups.items():
        yield LeftOut(ports=tuple(dict.fromkeys(ports)), why=why, is_said=why == _PAUSED)


def _why_not(published: PublishedPort, *, rests: bool) -> str:
    if rests:
        return _PAUSED
    if ":" in published.host_ip:
        return IPV6
    if published.protocol == "udp":
        return "UDP: a server need not answer"
    return "" if published.protocol == "tcp" else published.protocol


def is_paused(containers: Containers | Missing, endpoint: Endpoint) -> bool:
    """Whether an endpoint's container is paused."""
    owner = None if isinstance(containers, Missing) else containers.get(endpoint.container_id)
    return owner is not None and owner.state.paused
