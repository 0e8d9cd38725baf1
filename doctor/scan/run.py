"""Runs a scan: each requested check has an outcome, each finding its check, fix and causes."""

from collections.abc import Iterable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from doctor.host.base import Host
from doctor.model.finding import Finding
from doctor.model.outcome import Outcome
from doctor.plugins.catalog import Catalog
from doctor.scan import open_cuts
from doctor.scan.look import CheckLook, examine
from doctor.scan.relate import relate
from doctor.scan.resolve import Facts
from doctor.scan.undecoded import completed, gather, subjects


class Scan(Struct, frozen=True, kw_only=True):
    """The result of a scan of one host.

    Attributes:
        findings: worst first, causes before their symptoms.
        outcomes: one per check, sorted by id.
        facts: the resolved facts, for fixers.
        ok: check id → its line for a pass; of the checks that were imported.
        breaks: check id → names of the probes that fail because of it; of the same checks.
    """

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    facts: Facts
    ok: dict[str, str]
    breaks: dict[str, tuple[str, ...]]


def scan(host: Host, catalog: Catalog, ids: Iterable[str], *, deep: bool = False, facts: Facts | None = None) -> Scan:
    """Examine ``host`` with the checks of these ids. Never raises because of the host's content.

    ``facts`` are facts that are already known, for repeated scans of a host.
    """
    ids = tuple(ids)
    facts = facts or Facts(host)
    # Some facts of a prediction are as old as the scan that they were kept from.
    began = facts.host.now()
    looked = {identity: facts.look(identity, partial(examine, identity, catalog, facts, deep=deep)) for identity in ids}
    _look_later(looked, catalog, facts, deep=deep)
    suspects = [identity for identity, look in looked.items() if look.is_suspect]
    if suspects:
        from doctor.scan.still import Motion  # noqa: PLC0415 - a healthy host is scanned once

        motion = Motion(host, facts)
        while suspects and motion.wait(since=began):
            earlier, facts = facts, facts.renewed()
            began = facts.host.now()
            for identity in suspects:
                if not looked[identity].stage:
                    looked[identity] = looked[identity].confirmed(examine(identity, catalog, facts, deep=deep))
            _look_later(looked, catalog, facts, deep=deep, earlier=earlier)
            suspects = [identity for identity in suspects if looked[identity].is_suspect]
    _judge_undecoded(looked, catalog, facts)
    declared = {identity: look.declaration for identity, look in looked.items() if look.declaration is not None}
    return Scan(
        findings=relate(
            [finding for look in looked.values() for finding in look.findings],
            {identity: declaration.causes for identity, declaration in declared.items()},
        ),
        outcomes=tuple(look.outcome for _, look in sorted(looked.items())),
        facts=facts,
        ok={identity: looked[identity].ok for identity in declared},
        breaks={identity: declaration.breaks for identity, declaration in declared.items()},
    )


def _look_later(
    looked: dict[str, "CheckLook"], catalog: Catalog, facts: Facts, *, deep: bool, earlier: Facts | None = None
) -> None:
    """Run the checks that judge what the others leave open; if there are ``earlier`` facts, only what is seen twice counts."""
    for stage in (1, 2):
        later = [identity for identity, look in looked.items() if look.stage == stage]
        if not later:
            continue
        done = [look for look in looked.values() if look.stage < stage]
        open_cuts.give(
            facts,
            stage,
            [finding for look in done for finding in look.findings],
            {look.outcome.id: look.declaration for look in done},
            earlier,
        )
        for identity in later:
            found = examine(identity, catalog, facts, deep=deep, late=True)
            before = looked[identity]
            looked[identity] = before.confirmed(found) if before.is_suspect else found


def _judge_undecoded(looked: dict[str, "CheckLook"], catalog: Catalog, facts: Facts) -> None:
    """Run the checks that judge undecoded files, and complete the outcomes of the checks that lack these files."""
    gaps = [(identity, gap) for identity, look in looked.items() for gap in look.gaps if not gap.is_harmless]
    found = [finding for look in looked.values() for finding in look.findings] if gaps else []
    facts.give(gather(gaps, found))
    for identity, look in looked.items():
        if look.is_late:
            looked[identity] = examine(identity, catalog, facts, deep=False, late=True)
            found.extend(looked[identity].findings)
    if gaps:
        known = subjects(found)
        for identity, look in looked.items():
            if look.gaps:
                looked[identity] = replace(look, outcome=completed(look.outcome, look.gaps, known))
