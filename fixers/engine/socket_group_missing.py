"""Advise the command that creates the socket's group."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.socket_access import SocketAccess


@fixer(applicability=Applicability.MANUAL)
def socket_group_missing(detail: SocketAccess) -> Iterator[Action]:
    """Show the command that creates the group, with its former id and members."""
    fields = detail.former.split(":")
    number, members = (fields[2], fields[3]) if len(fields) == 4 else ("", "")
    command = " ".join(("groupadd", "--system", *(("--gid", number) if number else ()), detail.group))
    if members:
        command += f" && gpasswd -M {members} {detail.group}"
    yield Advise(text=f"{command}; then 'doctor fix --apply'")
