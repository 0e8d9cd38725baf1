"""Set the value of rp_filter of the last healthy scan."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.sysctl import kept_setting
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.path.own.details import SettingsChanged


@fixer(applicability=Applicability.SAFE)
def reverse_path_ends(detail: SettingsChanged, files: SysctlFiles | Missing) -> Iterator[Action]:
    """A question if a file sets the other value; without a known value show the command."""
    changed = tuple(one for one in detail.items if one.was)
    for one in changed or detail.items[:1]:
        yield from kept_setting(one, files, usual="2")
