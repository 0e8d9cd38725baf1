"""Keeps the host's own firewall rules and default routes, after a scan that found firewall and network healthy."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.firewall.user_chain import led_to
from doctor.facts.network.links import Links
from doctor.host.base import Host
from doctor.model.errors import DoctorError, FormatError
from doctor.model.finding import Finding
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.severity import Severity
from doctor.state.files import atomic_write, ensure_dir
from doctor.state.metadata import DIRECTORY, decode, encode
from doctor.state.network_record import MAX_BYTES, NAME, KeptFamily, KeptRoute, NetworkBackup
from doctor.state.paths import state_dir

Ask = Callable[[type], Any]
_AREAS = ("firewall/", "network/")
_MANY_RULES = 2000
_TRAFFIC = frozenset({"egress", "port", "dns"})


def is_healthy(
    findings: Iterable[Finding],
    outcomes: Iterable[Outcome],
    ids: Iterable[str],
    probes: Iterable[ProbeResult] = (),
    *,
    areas: tuple[str, ...] = _AREAS,
) -> bool:
    """Whether all checks of firewall and network ran without unwaived findings above info, and no probe of traffic failed.

    A rule that stops the containers' traffic would be kept as wanted, and its removal be a finding.
    """
    if any(probe.name in _TRAFFIC and probe.result is Result.FAIL for probe in probes):
        return False
    if any(
        finding.id.startswith(areas) and finding.level > Severity.INFO and not finding.waived for finding in findings
    ):
        return False
    ran = {outcome.id: outcome.incomplete for outcome in outcomes}
    return all(ran.get(identity) is False for identity in ids if identity.startswith(areas))


def take(host: Host, ask: Ask, *, directory: str | None = None) -> tuple[str, ...]:
    """Back up the current state if it differs from the last record; return notes for the report. The caller checked
    ``is_healthy``.
    """
    top = os.path.join(state_dir() if directory is None else directory, DIRECTORY)
    path = os.path.join(top, NAME)
    before = _before(path)
    rules, links = ask(EngineRules), ask(Links)
    families = {str(family.version): _family(family) for family in _judged(rules)}
    routes = tuple(_routes(links)) if isinstance(links, Links) else before.routes
    kept = replace(before, families=before.families | families, routes=routes)
    if kept == before:
        return ()
    try:
        ensure_dir(top)
        atomic_write(path, encode(replace(kept, taken=host.now())))
    except (OSError, DoctorError) as error:
        return (f"the host's own rules and routes were not kept: {error}",)
    return ()


def _before(path: str) -> NetworkBackup:
    try:
        with open(path, "rb") as stream:
            return decode(stream.read(MAX_BYTES), NetworkBackup)
    except (OSError, FormatError):
        return NetworkBackup(taken=0)


def _judged(rules: Any) -> Iterator[FamilyRules]:
    """Yield the families with rules: those of a stopped engine are not kept."""
    if isinstance(rules, EngineRules) and rules.is_running:
        yield from (family for family in rules.families if family.saved.has_chain("filter", "DOCKER-USER"))


def _family(family: FamilyRules) -> KeptFamily:
    chains = led_to(family.saved)
    if sum(map(len, chains.values())) > _MANY_RULES:
        # A list of thousands of addresses belongs to a program that reloads it.
        chains = {}
    return KeptFamily(policy=family.saved.policy("filter", "FORWARD"), chains=chains)


def _routes(links: Links) -> Iterator[KeptRoute]:
    for route in links.routes:
        if route.destination == "default" and route.table == "main" and route.kind == "unicast" and route.device:
            yield KeptRoute(
                version=route.version,
                device=route.device,
                gateway=route.gateway,
                metric=route.metric,
                protocol=route.protocol,
            )
