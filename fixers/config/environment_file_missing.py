"""Make a missing environment file optional for the engine's unit."""

import re
from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.units import OptionalFiles, ReloadUnits
from doctor.facts.config.engine import EngineFlags
from doctor.facts.engine.units import EngineUnits

_VARIABLE = re.compile(r"\$\{?\w+\}?")


@fixer(applicability=Applicability.SAFE)
def environment_file_missing(flags: EngineFlags, units: EngineUnits | Missing) -> Iterator[Action]:
    """Make the missing file optional; ask first if the command's options may have come from it."""
    actions: list[Action] = [OptionalFiles(files=(flags.launcher_file, *flags.drop_ins), missing=flags.missing_files)]
    if isinstance(units, EngineUnits):
        actions.append(ReloadUnits(units=units))
    used = sorted({name for _, command in flags.commands for name in _VARIABLE.findall(command)})
    if not used:
        yield from actions
        return
    yield Choose(
        question=f"whether the engine should start without {', '.join(flags.missing_files)}",
        options=(
            Choosable(
                name="without",
                evidence=(
                    Evidence(
                        flags.launcher_file,
                        f"its command uses {', '.join(used)}: options from the missing file are not applied",
                    ),
                ),
                actions=tuple(actions),
            ),
        ),
    )
