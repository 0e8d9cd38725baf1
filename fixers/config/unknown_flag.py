"""Give a dropped flag its present name, or take it out."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import add_flag, remove_flag, with_reload
from doctor.facts.daemon_options import OPTIONS
from doctor.facts.unit_states import EngineUnits


@fixer(applicability=Applicability.SAFE)
def unknown_flag(finding: Finding, units: EngineUnits | Missing) -> Iterator[Action]:
    """Rename or take out what a release dropped; say what to look at otherwise."""
    yield from with_reload(units, _actions(finding))


def _actions(finding: Finding) -> Iterator[Action]:
    bad = finding.detail
    if bad is None:
        yield Advise(text=f"look for a lost quote or an unset variable around {finding.subject.name!r}")
        return
    place = bad.flag.place
    if bad.successor and place.kind == "variable":
        yield add_flag(place, bad.successor, bad.flag.value, restart=False)
        yield remove_flag(place, bad.flag.name, restart=False)
    elif bad.flag.name in OPTIONS and not bad.successor:
        yield remove_flag(place, bad.flag.name, restart=False)
    else:
        known = f"call it --{bad.successor}" if bad.successor else "take it out or spell it right"
        yield Advise(text=f"--{bad.flag.name} in {place.file}: {known}")
