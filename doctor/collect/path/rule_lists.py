"""The rules of packet filters in the namespaces of a host with running containers: nothing is read without one."""

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def path_firewalls(
    host: Host, namespaces: NetNamespaces, firewall: Firewall | Missing, networks: Networks | Missing
) -> PathFirewalls:
    """Return them; absent without a running container, if the engine's networks are known."""
    if not isinstance(networks, Missing) and not networks.running:
        raise HostError(Missing(Why.ABSENT, "no container runs on a bridge network"))
    from doctor.collect.path.rule_reading import read  # noqa: PLC0415 - part of the model, of no use without containers

    return read(host, namespaces, firewall, networks)
