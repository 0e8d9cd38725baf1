"""Reads the settings of bridges that matter only to an engine without docker-proxy."""

from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.kernel.sysctl import interface_key
from doctor.facts.network.networks import Networks
from doctor.facts.path.hairpin import WithoutProxy
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why

_SETTING = "route_localnet"


@collector
def without_proxy(host: Host, config: EngineConfig, networks: Networks, rules: EngineRules | Missing) -> WithoutProxy:
    """Return the settings; absent if docker-proxy serves ports: then nothing is read."""
    # The settings may have been edited since the engine's start: its rules show how it was started.
    is_off = rules.hairpin if isinstance(rules, EngineRules) else config.get("userland-proxy") is False
    bridges = [network.bridge for network in networks.bridges]
    if not is_off or not bridges:
        raise HostError(Missing(Why.ABSENT, "docker-proxy serves the published ports"))
    keys = {name: interface_key(name, _SETTING) for name in ("all", *bridges)}
    found = host.net_settings((0,), tuple(keys.values()))[0]
    if isinstance(found, Missing):
        raise HostError(found)
    is_for_all = found.get(keys["all"]) == "1"
    return WithoutProxy(
        localnet={name: is_for_all or found[keys[name]] == "1" for name in bridges if keys[name] in found}
    )
