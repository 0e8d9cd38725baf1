"""Set the loopback interface up, or enable IPv6 on it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.sysctl import kept_setting
from doctor.facts.details import OfLink
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.path.own.details import SettingChanged


@fixer(applicability=Applicability.SAFE)
def loopback_down(detail: OfLink | SettingChanged, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set it up; a question if a file disables IPv6."""
    if isinstance(detail, SettingChanged):
        yield from kept_setting(detail, files, usual="0")
        return
    name = detail.name
    yield ChangeLink(
        do=("link", "set", {"dev": name, "state": "up"}),
        undo=("link", "set", {"dev": name, "state": "down"}),
        what=f"set the interface {name} up",
    )
