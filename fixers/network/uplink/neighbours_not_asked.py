"""Set how often the kernel asks for the address of a neighbour."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.sysctl import kept_setting
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.path.own.details import SettingChanged


@fixer(applicability=Applicability.SAFE)
def neighbours_not_asked(detail: SettingChanged, files: SysctlFiles | Missing) -> Iterator[Action]:
    """A question if a file sets the other value; without a known value show the command."""
    yield from kept_setting(detail, files, usual="3")
