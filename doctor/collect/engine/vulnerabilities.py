"""Reads the table of vulnerabilities, and classifies them for this host."""

import json
import os
from typing import Any

from doctor import own_file
from doctor.collect.engine.changelogs import named_fixes
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo, EngineVersion
from doctor.facts.engine.vulnerabilities import (
    Component,
    ComponentExposure,
    ComponentHole,
    Components,
    Exposed,
    KernelExposure,
    KernelHole,
    Vulnerabilities,
)
from doctor.facts.host.packages import Packages, is_of_docker
from doctor.facts.host.processes import Processes
from doctor.facts.kernel.kernel import BuildConfig, Kernel
from doctor.facts.kernel.modules import Modules
from doctor.facts.network.networks import Networks
from doctor.formats.version import parse
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing

_TABLE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "facts", "data", "vulnerabilities.json"
)
_CHANGELOG_LIMIT = 32 << 20


@collector
def vulnerabilities() -> Vulnerabilities:
    """Return the table, which is part of doctor."""
    data = json.loads(own_file(_TABLE))
    return Vulnerabilities(
        checked=data["checked"],
        kernel=tuple(_kernel_hole(entry) for entry in data["kernel"]),
        components=tuple(_component_hole(entry) for entry in data["components"]),
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")) if text else ()


def _kernel_hole(entry: dict[str, Any]) -> KernelHole:
    return KernelHole(
        id=entry["id"],
        title=entry["title"],
        what=entry["what"],
        introduced=_numbers(entry["introduced"]),
        fixed=_numbers(entry["fixed"]),
        branches=tuple(_numbers(branch) for branch in entry["branches"]),
        needs=tuple(entry["needs"]),
        exploited=entry.get("exploited", False),
        option=entry.get("option", ""),
        module=entry.get("module", ""),
    )


def _component_hole(entry: dict[str, Any]) -> ComponentHole:
    return ComponentHole(
        id=entry["id"],
        component=entry["component"],
        what=entry["what"],
        introduced=parse(entry["introduced"]),
        branches=tuple(version for text in entry["branches"] if (version := parse(text)) is not None),
        needs=tuple(entry["needs"]),
        severity=entry["severity"],
    )


@collector
def kernel_exposure(
    host: Host, kernel: Kernel, table: Vulnerabilities, config: BuildConfig | Missing, modules: Modules | Missing
) -> KernelExposure:
    """Return the vulnerabilities that the version does not rule out.

    The changelog, some 10 MB of text in Debian, is read only if there are any.
    """
    left = [hole for hole in table.kernel if hole.by_number(kernel) != "fixed" and _is_there(hole, config, modules)]
    named = _kernel_fixes(host, kernel) if left and kernel.vendor in {"debian", "ubuntu"} else None
    left = [hole for hole in left if named is None or hole.id not in named]
    affected = [hole for hole in left if hole.by_number(kernel) == "affected"]
    if kernel.is_vanilla:
        return KernelExposure(
            affected=tuple(affected),
            unknown=tuple(hole for hole in left if hole not in affected),
            checked=table.checked,
        )
    # Debian's changelog is complete; Ubuntu ships only the last entries, so a missing CVE proves nothing.
    likely = affected if named is not None and kernel.vendor == "debian" else []
    unknown = tuple(hole for hole in left if hole not in likely)
    return KernelExposure(likely=tuple(likely), unknown=unknown, checked=table.checked)


def _is_there(hole: KernelHole, config: BuildConfig | Missing, modules: Modules | Missing) -> bool:
    """Whether this kernel can contain the vulnerable code."""
    if hole.option and isinstance(config, BuildConfig) and config.value(hole.option) == "n":
        return False
    if hole.module and isinstance(modules, Modules) and modules.has_tree:
        return modules.has(hole.module) or hole.module in modules.loadable
    return True


def _kernel_fixes(host: Host, kernel: Kernel) -> frozenset[str] | None:
    for package in (f"linux-image-{kernel.name}", f"linux-image-unsigned-{kernel.name}"):
        found = named_fixes(host, package, limit_bytes=_CHANGELOG_LIMIT)
        if found is not None:
            return found
    return None


@collector
def components(version: EngineVersion | Missing, packages: Packages | Missing) -> Components:
    """Return engine, containerd and runc: as reported by the running engine, else as installed."""
    found = []
    own = packages if isinstance(packages, Packages) else None
    running = version.components if isinstance(version, EngineVersion) else {}
    if isinstance(version, EngineVersion):
        package = own.first("docker.io", "docker-ce", "moby-engine") if own is not None else None
        name = package.name if package is not None and not is_of_docker(package) else ""
        found.append(_component("engine", version.text, version.source, name, own))
    for name, key in (("containerd", "containerd"), ("runc", "runc")):
        package = own.get(name) if own is not None else None
        if key in running:
            found.append(_component(name, running[key], "GET /version", "" if package is None else name, own))
        elif package is not None:
            found.append(_component(name, package.version, f"package {name} (dpkg)", name, own))
    return Components(items=tuple(found))


def _component(name: str, text: str, source: str, package: str, own: Packages | None) -> Component:
    named = own.changelogs.get(package, frozenset()) if own is not None and package else frozenset[str]()
    return Component(name=name, text=text, source=source, package=package, named_fixes=named)


@collector
def component_exposure(  # noqa: PLR0917 - facts are passed by annotation
    components: Components,
    table: Vulnerabilities,
    engine: EngineConfig,
    info: EngineInfo | Missing,
    networks: Networks | Missing,
    processes: Processes | Missing,
) -> ComponentExposure:
    """Return the vulnerabilities that versions and changelogs do not rule out."""
    unused = _unused(engine, info, networks, processes)
    affected: list[Exposed] = []
    unknown: list[Exposed] = []
    for component in components.items:
        version = component.version
        holes = tuple(
            hole
            for hole in table.components
            if version is not None
            and (hole.component == component.name and hole.has(version))
            and not (unused & set(hole.needs) or hole.id in component.named_fixes)
        )
        if holes:
            (unknown if component.package else affected).append(Exposed(component=component, holes=holes))
    return ComponentExposure(affected=tuple(affected), unknown=tuple(unknown), checked=table.checked)


def _unused(
    engine: EngineConfig, info: EngineInfo | Missing, networks: Networks | Missing, processes: Processes | Missing
) -> set[str]:
    """Return what holes need and this host does not use, as far as that can be known."""
    unused = set()
    if not engine.get("authorization-plugins"):
        unused.add("authz")
    if not engine.get("userns-remap"):
        unused.add("userns-remap")
    if isinstance(info, EngineInfo) and info.swarm == "inactive":
        unused.add("swarm")
    if isinstance(networks, Networks) and not any(network.internal for network in networks.items):
        unused.add("internal-network")
    if isinstance(processes, Processes):
        if not processes.named("kubelet"):
            unused.add("cri")
        # firewalld is a Python program: its own name is in the arguments of an interpreter.
        if not any("firewalld" in word for process in processes.items for word in process.argv[:3]):
            unused.add("firewalld")
    return unused
