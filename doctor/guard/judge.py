"""Decides whether the engine may start, from the findings of the data root's state that say a start destroys data."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.facts.engine.state import EngineState
from doctor.history import backup
from doctor.host.base import Host
from doctor.model.finding import Finding
from doctor.plugins.catalog import Catalog
from doctor.plugins.engines import first_engine
from doctor.scan.offer import offer_of
from doctor.scan.run import Scan, scan
from doctor.state.settings import Settings

if TYPE_CHECKING:
    from doctor.api.actions.files import CopyAside

Accept = Callable[[tuple[Finding, ...]], tuple[Finding, ...]]
"""Marks the findings that the settings waive."""


class Danger(Struct, frozen=True, kw_only=True):
    """Data that the start would destroy: the finding, and why no copy was made; "" if no copy could be large enough."""

    finding: Finding
    why: str = ""


class StartVerdict(Struct, frozen=True, kw_only=True):
    """Whether the engine may start.

    Attributes:
        dangers: the reasons against a start; empty if it may start.
        kept: (finding, directory of the copy) for files that the start erases.
        notes: further remarks for the user.
        is_healthy: whether the root's whole state was read, has no findings, and no engine uses it.
    """

    dangers: tuple[Danger, ...] = ()
    kept: tuple[tuple[Finding, str], ...] = ()
    notes: tuple[str, ...] = ()
    is_healthy: bool = False


def judge(
    host: Host, catalog: Catalog, settings: Settings, *, accept: Accept, directory: str | None = None
) -> StartVerdict:
    """Scan the data root's state, copy files that the start would erase, and back up the metadata of a healthy root.

    ``directory`` is doctor's state directory if it isn't the default. Waived findings and skipped checks block nothing:
    the user has decided.
    """
    area = backup.area_of(first_engine())
    ids = [identity for identity in catalog.choose((), settings.skip) if identity.startswith(area)]
    found = scan(host, catalog, ids)
    dangerous = tuple(finding for finding in found.findings if finding.start_destroys)
    dangers, kept = _weigh(accept(dangerous), host, catalog, found, directory) if dangerous else ([], [])
    notes: tuple[str, ...] = ()
    is_healthy = backup.is_healthy(found.findings, found.outcomes, catalog.checks)
    if is_healthy:
        notes = backup.take(host, found.facts.get, settings.metadata, directory=directory, of=(first_engine(),))
    return StartVerdict(
        dangers=tuple(dangers),
        kept=tuple(kept),
        notes=notes,
        is_healthy=is_healthy and not dangerous and _is_down(found),
    )


def _weigh(
    findings: tuple[Finding, ...], host: Host, catalog: Catalog, found: Scan, directory: str | None
) -> tuple[list[Danger], list[tuple[Finding, str]]]:
    """Copy the files that the start would erase; return the findings that block the start, and the places of the
    copies.
    """
    from doctor.guard.copies import CannotKeepError, keep  # noqa: PLC0415 - an ordinary start copies nothing

    dangers: list[Danger] = []
    kept: list[tuple[Finding, str]] = []
    for finding in findings:
        if finding.waived:
            continue
        copies = _copies(finding, catalog, found)
        try:
            if copies:
                kept.append((finding, keep(host, copies, directory=directory)))
            else:
                dangers.append(Danger(finding=finding))
        except CannotKeepError as error:
            dangers.append(Danger(finding=finding, why=str(error)))
    return dangers, kept


def _is_down(found: Scan) -> bool:
    state = found.facts.get(EngineState)
    return isinstance(state, EngineState) and not state.pid


def _copies(finding: Finding, catalog: Catalog, found: Scan) -> list["CopyAside"]:
    """Return the copies that a finding's fixer would make before a start, if it would do nothing else then."""
    from doctor.api.actions.files import CopyAside  # noqa: PLC0415 - only where a start destroys something
    from doctor.model.action import Stage  # noqa: PLC0415

    offer = offer_of(finding, catalog, found.facts)
    first = [action for action, _ in offer.actions if action.stage is Stage.GUARD]
    copies = [action for action in first if isinstance(action, CopyAside)]
    return copies if len(copies) == len(first) else []
