"""Words that a regular expression can't match without: most patterns of a table need not be compiled for a line that lacks them."""

import re
from functools import cache
from typing import NamedTuple

_PIECE = re.compile(
    r"\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:[:=!]|<[=!])|\(\?.|\{\d*,?\d*\}|[][(){}|?*+.^$]|[^][\\(){}|?*+.^$]+"
)
_OPENED = {"(": True, "(?:": True, "(?=": False, "(?!": False, "(?<=": False, "(?<!": False}
"""How a group begins, and whether its text is part of the match. A pattern with another beginning, such as a flag, is not read."""
_FOLDED = {0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}
"""Letters beyond ASCII that match an ASCII letter without regard to case, and that ``str.lower`` leaves as they are."""

Words = tuple[str, ...]


class _Sequence(NamedTuple):
    """The part of one alternative that was read: the words that it can't do without, and the literal text that is still being read."""

    words: list[Words]
    run: list[str]

    def end(self) -> None:
        """End the literal text."""
        if self.run:
            self.words.append(("".join(self.run).lower(),))
            self.run.clear()

    def shorten(self) -> None:
        """Leave out the last character: it need not occur."""
        text = "".join(self.run)[:-1]
        self.run[:] = [text] if text else []
        self.end()

    def best(self) -> Words:
        """Return the words that most lines lack: the set whose shortest word is the longest."""
        self.end()
        return max(self.words, key=lambda words: min(map(len, words)), default=())


class _Group:
    """A group, or the whole pattern: it needs one of the words of each of its alternatives."""

    def __init__(self, *, counts: bool) -> None:
        self.counts = counts
        self.done: list[Words] = []
        self.now = _Sequence([], [])

    def next(self) -> None:
        """Begin the next alternative."""
        self.done.append(self.now.best())
        self.now = _Sequence([], [])

    def words(self) -> Words:
        """Return words of which one occurs in each match, () if none are known."""
        self.next()
        return tuple(word for words in self.done for word in words) if self.counts and all(self.done) else ()


def folded(text: str) -> str:
    """Return a text in lower case, as a pattern that ignores case compares it with a word."""
    return (text if text.isascii() else text.translate(_FOLDED)).lower()


@cache
def needed(pattern: str) -> Words:
    r"""Return words of which at least one is in every text that a pattern matches; () if none are known.

    A pattern that can't be read has none, so that it is compiled and its mistake is found there.

    >>> needed(r"no space left on device|disk quota exceeded(?: \S+)?")
    ('no space left on device', 'disk quota exceeded')
    >>> needed(r"an? (?:cat|dog)s? \d+"), needed(r"\w+ (?:\d+|x)?")
    (('cat', 'dog'), (' ',))
    """
    groups = [_Group(counts=True)]
    closed: Words = ()
    for piece in _PIECE.findall(pattern):
        now = groups[-1].now
        if piece[0] in "?*{" and piece != "{":
            now.shorten()
            closed = ()
            continue
        if closed:
            now.words.append(closed)
            closed = ()
        if piece[0] == "(":
            if piece not in _OPENED:
                return ()
            now.end()
            groups.append(_Group(counts=_OPENED[piece]))
        elif piece == ")":
            if len(groups) == 1:
                return ()
            closed = groups.pop().words()
        elif piece == "|":
            groups[-1].next()
        elif _is_text(piece):
            now.run.append(piece[-1] if piece[0] == "\\" else piece)
        else:
            now.end()
    if closed:
        groups[-1].now.words.append(closed)
    return groups[0].words() if len(groups) == 1 else ()


def _is_text(piece: str) -> bool:
    """Whether a piece stands for itself: letters beyond ASCII have several cases, and classes and other escapes are sets."""
    if piece[0] == "\\":
        return not piece[1].isalnum() and piece.isascii()
    return piece.isascii() and piece[0] not in "[.^$+"
