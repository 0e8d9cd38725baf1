"""Leave a setting in one place."""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import OverrideCommand, remove_flag, set_setting, with_reload
from doctor.api.actions.files import EditFile
from doctor.facts.engine import DaemonJson
from doctor.facts.unit_states import EngineUnits


@fixer(applicability=Applicability.SAFE)
def flag_file_conflict(finding: Finding, file: DaemonJson, units: EngineUnits | Missing) -> Iterator[Action]:
    """Keep the setting in daemon.json and take the flag out where it stands."""
    yield from with_reload(units, _actions(finding, file))


def _actions(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    conflict = finding.detail
    if any("***" in flag.value for flag in conflict.flags):
        yield Advise(
            text=f"take --{conflict.flags[0].name} or {conflict.key} out: they hold a password, so decide yourself"
        )
        return
    contradicts = conflict.joined is None
    if not contradicts and conflict.joined != conflict.in_file:
        yield set_setting(file.path, (conflict.key,), conflict.joined, restart=False)
    for place in dict.fromkeys(flag.place for flag in conflict.flags):
        if place is None:
            continue
        action = remove_flag(place, conflict.flags[0].name, restart=False)
        if contradicts and isinstance(action, EditFile | OverrideCommand):
            # One of two contradicting values is dropped: nobody can know which one is wanted.
            action = replace(action, risk=Applicability.DISRUPTIVE)
        yield action
