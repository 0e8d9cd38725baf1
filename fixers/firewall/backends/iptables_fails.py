"""Show the command that brings iptables back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.command import IptablesCommand
from doctor.facts.host.package_commands import reinstall_file
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def iptables_fails(command: IptablesCommand, system: System | Missing) -> Iterator[Action]:
    """Advise: what took its place may be a script of the administrator, and doctor installs no packages."""
    again = reinstall_file(system, command.path, "iptables") or "reinstall the package iptables"
    yield Advise(text=f"ls -l {command.path}; iptables --version; if it is not a script of yours: {again}")
