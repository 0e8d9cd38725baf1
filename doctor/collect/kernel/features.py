"""Reads the files that show the kernel's features, and judges those that this host needs."""

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.host.packages import System
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.features import FEATURES, KernelNeeds, KernelProbes, judge
from doctor.facts.kernel.kernel import BuildConfig, Kernel
from doctor.facts.kernel.modules import Modules
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

_OVERLAY_DRIVERS = {None, "", docker.OVERLAY2, docker.SNAPSHOTTER}


@collector
def kernel_probes(host: Host) -> KernelProbes:
    """Return the observed features; no module is loaded."""
    lines = decode(host.read(HostPath("/proc/filesystems"))).splitlines()
    paths = {path for feature in FEATURES for path in feature.paths}
    return KernelProbes(
        file_systems=frozenset(words[-1] for line in lines if (words := line.split())),
        paths=frozenset(path for path in paths if host.exists(HostPath(path))),
    )


@collector
def kernel_needs(  # noqa: PLR0917 - facts are passed by annotation
    kernel: Kernel,
    probes: KernelProbes,
    modules: Modules,
    config: BuildConfig | Missing,
    links: Links | Missing,
    engine: EngineConfig | Missing,
    cgroups: Cgroups | Missing,
    networks: Networks | Missing,
    system: System | Missing,
    containers: Containers | Missing,
) -> KernelNeeds:
    """Return the state of each feature that this host needs."""
    kinds = frozenset(link.kind for link in links.links) if isinstance(links, Links) else frozenset[str]()
    conditions = _conditions(engine, cgroups, networks)
    if isinstance(containers, Containers) and any(one.service and one.state.running for one in containers.items):
        conditions |= {"swarm"}
    wanted = [feature for feature in FEATURES if not feature.when or feature.when in conditions]
    return KernelNeeds(
        judged=tuple(judge(feature, probes, modules, config, kinds) for feature in wanted),
        kernel=kernel,
        distribution=(system.os.id, *system.os.id_like) if isinstance(system, System) else (),
        has_tree=modules.has_tree or not modules.supported,
        gaps=modules.gaps,
    )


def _conditions(
    engine: EngineConfig | Missing, cgroups: Cgroups | Missing, networks: Networks | Missing
) -> frozenset[str]:
    found = set()
    driver = engine.get("storage-driver") if isinstance(engine, EngineConfig) else None
    if driver in _OVERLAY_DRIVERS:
        found.add("overlay")
    if isinstance(cgroups, Cgroups) and cgroups.mode == "v2":
        found.add("cgroup2")
    if not isinstance(engine, EngineConfig):
        found.add("iptables")
    elif engine.get("iptables", True) is not False:
        found.add("nftables" if engine.get("firewall-backend") == "nftables" else "iptables")
    if isinstance(networks, Networks):
        found.update(f"network:{network.driver}" for network in networks.items)
    return frozenset(found)
