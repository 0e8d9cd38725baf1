"""Judges what the running kernel has for each variant of iptables. It only reads: listing tables would load modules."""

from doctor.collect.firewall.command import switches
from doctor.facts.config.engine import EngineConfig, EngineFlags
from doctor.facts.engine.state import EngineState, EngineVersion
from doctor.facts.firewall.command import IptablesCommand
from doctor.facts.firewall.rules import NO_RAW
from doctor.facts.firewall.variants import RULE_SET_PATHS, FirewallVariants, Variant, needs
from doctor.facts.kernel.features import KernelProbes, judge
from doctor.facts.kernel.kernel import BuildConfig, Kernel
from doctor.facts.kernel.modules import Modules
from doctor.facts.network.networks import Networks
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def firewall_variants(  # noqa: PLR0917 - facts are passed by annotation
    host: Host,
    command: IptablesCommand,
    kernel: Kernel,
    modules: Modules,
    config: BuildConfig | Missing,
    engine: EngineConfig,
    flags: EngineFlags | Missing,
    version: EngineVersion | Missing,
    state: EngineState,
    networks: Networks | Missing,
) -> FirewallVariants:
    """Return both variants. Missing if the engine does not use iptables here."""
    if state.status == "absent":
        raise HostError(Missing(Why.ABSENT, "no engine is installed"))
    if engine.get("iptables", True) is False:
        raise HostError(Missing(Why.ABSENT, "the engine is configured to create no rules (iptables: false)"))
    if engine.get("firewall-backend") == "nftables":
        raise HostError(Missing(Why.ABSENT, "the engine filters with nftables, not with iptables"))
    if not command.path:
        raise HostError(Missing(Why.ABSENT, "this host has no iptables"))
    if command.problem:
        raise HostError(Missing(Why.UNREADABLE, f"{command.path} --version: {command.problem}"))
    environment = {} if isinstance(flags, Missing) else flags.environment
    raw = not isinstance(version, Missing) and version.at_least(28) and environment.get(NO_RAW) != "1"
    found = KernelProbes(
        file_systems=frozenset(), paths=frozenset(path for path in RULE_SET_PATHS if host.exists(HostPath(path)))
    )

    def of(name: str, family: int) -> Variant:
        wanted = needs(name, family, kernel, raw=raw)
        return Variant(name=name, judged=tuple(judge(one, found, modules, config, frozenset()) for one in wanted))

    used = of(command.variant, 4)
    return FirewallVariants(
        command=command,
        used=used,
        other=of(command.other, 4),
        used6=of(command.variant, 6) if _wants_ipv6(engine, networks) else None,
        switches=switches(host, command) if used.lacks else {},
        kernel=kernel.name,
    )


def _wants_ipv6(engine: EngineConfig, networks: Networks | Missing) -> bool:
    """Whether the engine has to create IPv6 rules: a network has IPv6, and ``ip6tables`` is not off."""
    if isinstance(networks, Missing) or engine.get("ip6tables") is False:
        return False
    return any(network.subnets6 for network in networks.bridges)
