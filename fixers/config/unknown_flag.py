"""Give a dropped flag its present name, or take it out."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import add_flag, remove_flag
from doctor.facts.daemon_options import OPTIONS


@fixer(applicability=Applicability.SAFE)
def unknown_flag(finding: Finding) -> Iterator[Action]:
    """Rename or take out what a release dropped; say what to look at otherwise."""
    bad = finding.detail
    if bad is None:
        yield Advise(text=f"look for a lost quote or an unset variable around {finding.subject.name!r}")
        return
    place = bad.flag.place
    if bad.successor and place.kind == "variable":
        yield add_flag(place, bad.successor, bad.flag.value)
        yield remove_flag(place, bad.flag.name)
    elif bad.flag.name in OPTIONS and not bad.successor:
        yield remove_flag(place, bad.flag.name)
    else:
        known = f"call it --{bad.successor}" if bad.successor else "take it out or spell it right"
        yield Advise(text=f"--{bad.flag.name} in {place.file}: {known}")
