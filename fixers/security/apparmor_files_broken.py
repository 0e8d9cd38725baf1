"""Show how to get AppArmor's files right."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import manager
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def apparmor_files_broken(system: System | Missing) -> Iterator[Action]:
    """Advise: the line may be somebody's own rule."""
    again = {
        "apt": "; or restore the package's files: dpkg -V apparmor shows changed ones, then apt-get install --reinstall apparmor"
        " -o Dpkg::Options::=--force-confask -o Dpkg::Options::=--force-confnew (your versions stay beside them as .dpkg-old)",
        "zypper": "; or restore the package's files: rpm -V apparmor-abstractions shows changed ones, then zypper install --force"
        " apparmor-abstractions",
    }.get(manager(system), "")
    yield Advise(text=f"correct the line that apparmor_parser names, then docker start NAME loads the profile{again}")
