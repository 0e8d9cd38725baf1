"""Scans a host as if its engine were upgraded: the checks that depend on the version run with another one."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.host.base import Host
from doctor.model.finding import Finding, FixSummary
from doctor.model.severity import Applicability
from doctor.plugins.catalog import Catalog
from doctor.scan.resolve import Facts, depends
from doctor.scan.run import Scan, scan


class Supposed(Struct, frozen=True, kw_only=True):
    """The result of a supposed upgrade.

    Attributes:
        scan: with the supposed version.
        today: fingerprints of findings that the same checks have with the real version.
    """

    scan: Scan
    today: frozenset[str]


def dependent(catalog: Catalog, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the checks that read the engine's version, directly or through their facts.

    One that can't be loaded is among them: its outcome is an error.
    """
    return tuple(identity for identity in ids if _depends(catalog, identity))


def _depends(catalog: Catalog, identity: str) -> bool:
    try:
        return depends(catalog.check(identity).function, EngineUpgrade)
    except Exception:  # noqa: BLE001 - boundary 2 of 3: the scan reports a check that can't be loaded
        return True


def suppose(host: Host, catalog: Catalog, ids: tuple[str, ...], after: EngineVersion, *, deep: bool) -> Supposed:
    """Scan twice, as the host is and with the supposed version."""
    today = scan(host, catalog, ids, deep=deep)
    real = today.facts.get(EngineVersion)
    components = real.components if isinstance(real, EngineVersion) else {}
    upgrade = EngineUpgrade(
        after=replace(after, components=components),
        before=real.release if isinstance(real, EngineVersion) else None,
    )
    known = frozenset(finding.fingerprint for finding in today.findings)
    found = scan(host, catalog, ids, deep=deep, facts=Facts(host, (upgrade,)))
    # 'doctor fix' examines the host as it is, so it does not see what only the supposed engine has.
    findings = tuple(one if one.fingerprint in known else _before(one) for one in found.findings)
    return Supposed(scan=replace(found, findings=findings), today=known)


def _before(finding: Finding) -> Finding:
    if finding.fix is None:
        return finding
    return replace(finding, fix=FixSummary(Applicability.MANUAL, f"for the upgrade: {finding.fix.summary}"))
