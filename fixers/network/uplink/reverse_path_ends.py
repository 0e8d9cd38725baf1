"""Set the value of rp_filter of the last healthy scan."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.sysctl import kept_setting
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.path.own.details import SettingChanged


@fixer(applicability=Applicability.SAFE)
def reverse_path_ends(detail: SettingChanged, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Now, and in the file that sets the other value; without a known value show the command."""
    yield from kept_setting(detail, files, usual="2")
