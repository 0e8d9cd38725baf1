"""The cause in an error that a layer answered with, by the table of error lines (docs/decisions/0039)."""

import re

from msgspec import Struct

from doctor.facts.secrets.redact import redact
from doctor.model.finding import Evidence
from doctor.model.probing import Ended
from doctor.plugins.messages import explained

_LONGEST = 400
_FULL = r"(/[\w./@-]{1,1000}): no space left on device"
_GENERAL = "containers/start-failed"
"""The owner of the words that every failed start has; they name no cause."""


class Cause(Struct, frozen=True):
    """An error in words, the cause first; the remedy, "" if it is unknown."""

    says: str
    do: str = ""


def cause_of(text: str) -> Cause:
    """Return the meaning of an error, followed by the error; the error alone if no message explains it."""
    full = re.search(_FULL, text)
    if full is not None:
        # The test container's own directory is gone when the user looks.
        place = "/".join(full[1].split("/")[:4])[:100]
        return Cause(
            f"a file system is full or has no free inodes ({shown(text)})", f"df -h {place} and df -i {place} show it"
        )
    found = explained([text]).get(text)
    if found is None or found.best.checks[:1] == (_GENERAL,):
        return Cause(shown(text))
    known = found.best
    do = known.message.do or (f"see 'doctor explain {known.checks[0]}'" if known.checks else "")
    return Cause(f"{known.message.means} ({shown(text)})", do)


def shown(text: str) -> str:
    """Return an error as one line without secrets; of a long one its end, where the cause is."""
    line = redact(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"…{line[-_LONGEST:]}"


def rest(ended: Ended) -> tuple[Evidence, ...]:
    """Return what a start could not remove, as evidence."""
    return tuple(Evidence("not removed", one) for one in ended.left)
