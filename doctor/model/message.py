"""Error lines of other programs: how a check declares those that its problem causes, and which of them a text means.

A pattern is text and is compiled only when a line has a word that it needs, so a scan of a healthy host compiles none.
"""

from collections.abc import Iterable

from msgspec import Struct

LONGEST = 4096
"""Characters of a line that are searched: a message is shorter, and a hostile line can be of any length."""


Release = tuple[int, ...]
"""An engine release: (29, 0, 1)."""


class Message(Struct, frozen=True, kw_only=True):
    """An error line, declared with the check of the problem that causes it.

    Attributes:
        pattern: a regular expression, searched without regard to case in the line with runs of white space as one space and
            without the escapes of quotes and line ends. It extends to the end of the words that identify the problem (see
            ``explain``).
        example: such a line, verbatim.
        means: its meaning in one sentence.
        do: the remedy, for a reader whose host has no finding; "" if the means say it.
        also: ids of other checks whose problem causes the same line.
        apart: where a reader sees which of the causes it is, if there are several.
        names: how users call it, in lower case: ``doctor explain "rate limit"``.
        source: the address of the statement, "" if the check's references have it.
        since: the first engine release with this line, until: the last; "" if it does not matter.
    """

    pattern: str
    example: str
    means: str
    do: str = ""
    also: tuple[str, ...] = ()
    apart: str = ""
    names: tuple[str, ...] = ()
    source: str = ""
    since: str = ""
    until: str = ""


class KnownMessage(Struct, frozen=True):
    """A message with its owner: the id of a check, a probe, or a topic with its source.

    Attributes:
        checks: ids of the checks of the possible causes, the most likely one first.
        topic: the topic's name, "" for a check's message.
        source: the source of its meaning.
        probe: the probe that owns it, "" for none.
    """

    message: Message
    checks: tuple[str, ...]
    topic: str = ""
    source: str = ""
    probe: str = ""


class Explained(Struct, frozen=True):
    """A line with the messages that it contains, the most specific one first."""

    line: str
    known: tuple[KnownMessage, ...]

    @property
    def best(self) -> KnownMessage:
        """The message that explains the line."""
        return self.known[0]


def flat(text: str) -> str:
    """Return a text as one line of limited length; of a long one its end, where programs write the cause.

    The first word of an end is left out: it may be the rest of a secret that only its beginning identifies.
    """
    if len(text) <= LONGEST:
        return " ".join(text.split())
    return " ".join(text[-LONGEST:].split()[1:])


def plain(text: str) -> str:
    r"""Return a text without the escapes of quotes and line ends, which JSON and each wrapping program add once more.

    >>> plain('caused \\\"not a directory\\\"\\n: unknown')
    'caused "not a directory" : unknown'
    """
    if "\\" not in text:
        return text
    import re  # noqa: PLC0415 - a declaration needs no regular expressions

    return " ".join(re.sub(r"(?<!\\)\\+([nt]|(?=[\"'`]))", lambda one: " " if one[1] else "", text).split())


def fits(message: Message, release: Release | None) -> bool:
    """Whether an engine of this release can print the line; an unknown release can.

    >>> fits(Message(pattern="", example="", means="", since="26.0", until="28"), (28, 5, 2))
    True
    """
    if release is None:
        return True
    first, last = (tuple(map(int, text.split("."))) if text else () for text in (message.since, message.until))
    return release[: len(first)] >= first and (not last or release[: len(last)] <= last)


def explain(line: str, table: Iterable[KnownMessage], release: Release | None = None) -> Explained | None:
    """Return the messages that a line contains, ``None`` without one. The most specific one is first.

    Programs wrap an error in front ("failed to start daemon: error initializing …: no space left on device"): the cause is at
    the end. So the match that ends last is the most specific; of those, one that an engine of ``release`` prints, and the longest.
    The release decides no more than that: the line may be from another host, and a general message explains it badly.
    """
    import re  # noqa: PLC0415 - a declaration needs no regular expressions

    from doctor.model.literal import folded, needed  # noqa: PLC0415 - as above

    text = flat(line)
    searched = plain(text)
    lower = folded(searched)
    found = []
    for number, known in enumerate(table):
        words = needed(known.message.pattern)
        if words and not any(word in lower for word in words):
            continue
        last = None
        try:
            for last in re.finditer(known.message.pattern, searched, re.IGNORECASE):  # noqa: B007 - the last match counts
                pass
        except re.error:
            # A plugin's mistake must not hide the messages of others.
            continue
        if last is not None and last.group():
            found.append((-last.end(), not fits(known.message, release), last.start(), number, known))
    found.sort(key=lambda item: item[:4])
    return Explained(text, tuple(item[-1] for item in found)) if found else None
