"""Reads the host's own network configuration, if something is wrong with its network."""

from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.network.route_hints import has_default, wants_default
from doctor.facts.path.paths import Paths
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def host_network_files(
    host: Host, links: Links | Missing, networks: Networks | Missing, paths: Paths | Missing
) -> HostNetworkFiles:
    """Return all that they set; absent if nothing is wrong with the network, because then nobody needs it."""
    if not (isinstance(paths, Paths) and paths.cuts) and not _is_suspect(links, networks):
        raise HostError(Missing(Why.ABSENT, "nothing is wrong with routes, addresses and rules of the host"))
    # Only where something is wrong: the parsers are many.
    from doctor.collect.network.config_reader import ConfigReader  # noqa: PLC0415

    reader = ConfigReader(host)
    whole = reader.whole()
    return HostNetworkFiles(
        links=(*whole.links, *(link for link in reader.exclusions())),
        addresses=whole.addresses,
        routes=whole.routes,
        rules=whole.rules,
        commands=whole.commands,
        unmanaged=reader.unmanaged(),
        tables=reader.tables(),
        gaps=tuple(reader.gaps),
    )


def _is_suspect(links: Links | Missing, networks: Networks | Missing) -> bool:
    """Whether a default route is missing, or a bridge of the engine is not as its network says."""
    if isinstance(links, Missing):
        return False
    if any(wants_default(links, version) for version in (4, 6)) or not (has_default(links, 4) or has_default(links, 6)):
        return True
    known = () if isinstance(networks, Missing) else networks.bridges
    return any(
        link is None
        or not link.is_up
        or bool(network.gateway and network.addresses_bridge and not link.has(network.gateway))
        for network, link in ((network, links.link(network.bridge)) for network in known)
    )
