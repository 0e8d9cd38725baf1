"""Reads the host's own network configuration, if something is wrong with its network."""

from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.network.route_hints import has_default, wants_default
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import Paths
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def host_network_files(  # noqa: PLR0917 - each of these facts may be a reason to read them
    host: Host,
    links: Links | Missing,
    networks: Networks | Missing,
    paths: Paths | Missing,
    namespaces: NetNamespaces | Missing,
    record: HealthyNetwork | Missing,
) -> HostNetworkFiles:
    """Return all that they set; absent if nothing is wrong with the network, because then nobody needs it."""
    is_cut = isinstance(paths, Paths) and paths.cuts
    if not (is_cut or _is_suspect(links, networks) or _is_changed(namespaces, record, networks)):
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


def _is_changed(
    namespaces: NetNamespaces | Missing, record: HealthyNetwork | Missing, networks: Networks | Missing
) -> bool:
    """Whether a gateway that has not answered, or routes and addresses that hide others, are new: no packet has ended yet."""
    if isinstance(namespaces, Missing) or isinstance(record, Missing):
        return False
    # Hosts without running containers need none of these.
    from doctor.facts.path.own.hidden import hiding_addresses, hiding_routes  # noqa: PLC0415
    from doctor.facts.path.own.kept_state import KeptState  # noqa: PLC0415
    from doctor.facts.path.own.unheard import unheard_defaults  # noqa: PLC0415

    state = KeptState(namespaces.host, record)
    hides = not isinstance(networks, Missing) and bool(hiding_routes(state, networks))
    return hides or any(unheard_defaults(state)) or any(hiding_addresses(state))


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
