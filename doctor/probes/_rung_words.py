"""The cause in an error that a layer answered with, by the table of error lines (docs/decisions/0039)."""

from msgspec import Struct

from doctor.facts.secrets.redact import redact
from doctor.model.finding import Evidence
from doctor.model.probing import Ended
from doctor.plugins.messages import explained

_LONGEST = 400


class Cause(Struct, frozen=True):
    """An error in words, the cause first; the remedy, "" if it is unknown."""

    says: str
    do: str = ""


def cause_of(text: str) -> Cause:
    """Return the meaning of an error, followed by the error; the error alone if no message explains it."""
    shown = redact(" ".join(text.split()))
    shown = shown if len(shown) <= _LONGEST else f"…{shown[-_LONGEST:]}"
    found = explained([text]).get(text)
    if found is None:
        return Cause(shown)
    known = found.best
    do = known.message.do or (f"doctor explain {known.checks[0]}" if known.checks else "")
    return Cause(f"{known.message.means} ({shown})", do)


def rest(ended: Ended) -> tuple[Evidence, ...]:
    """Return what a start could not remove, as evidence."""
    return tuple(Evidence("not removed; the next probe removes it", one) for one in ended.left)
