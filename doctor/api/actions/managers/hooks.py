"""Lines of hooks that add routes and rules of routing: made a comment after a person's answer, or named."""

from collections.abc import Callable, Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.formats.network import ifupdown
from doctor.formats.text import decode, encode, is_number
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability

_INTERFACES = "/etc/network/interfaces"


def forget_line(source: str) -> Iterator[EditFile | Advise]:
    """Yield the change that keeps a line from adding its route or rule again.

    Only a hook of ifupdown with this one command becomes a comment: a line of a script may be a part of something, and one of
    another format is not a line alone. ``source`` is "FILE:LINE", "" for none.
    """
    path, _, line = source.rpartition(":")
    if path.startswith(_INTERFACES) and is_number(line):
        yield EditFile(
            path=HostPath(path),
            edit=_commented(int(line)),
            what=f"make line {line} of {path} a comment, so that it does not add it again",
        )
    elif source:
        yield Advise(text=f"remove it from {source}, or the next boot adds it again", risk=Applicability.SAFE)


def _commented(number: int) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        lines = decode(old).split("\n")
        if number <= len(lines) and ifupdown.is_one_command(lines, number):
            lines[number - 1] = f"# {lines[number - 1]}"
        return encode("\n".join(lines))

    return edit
