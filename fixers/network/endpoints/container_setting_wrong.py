"""Set a kernel setting in a container's network namespace."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.endpoints import SetInside, equip
from doctor.facts.path.ends.details import SettingWrong


@fixer(applicability=Applicability.SAFE)
def container_setting_wrong(detail: SettingWrong) -> Iterator[Action]:
    """Set it, and add what the kernel removed with it."""
    yield SetInside(place=detail.place, key=detail.key, value=detail.wanted, back=detail.now)
    yield from equip(detail.place, detail.base)
