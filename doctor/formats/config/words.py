"""Splits quoted text into words and records the position of each letter, so that one word can be changed in place.

systemd units, environment files and /etc/default/docker quote nearly alike (systemd.syntax(7), sh(1)).
"""

from msgspec import Struct

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_HEX_LENGTH = {"x": 2, "u": 4, "U": 8}
PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,@+")
"""Letters that are never special: in quotes of both kinds, bare, in systemd and in a shell."""


class Word(Struct, frozen=True, kw_only=True):
    """One word.

    Attributes:
        text: without quotes and escapes.
        start: offset of its first letter or quote in what was split.
        end: offset after its last letter or quote.
        offsets: position of each letter of `text`.
    """

    text: str
    start: int
    end: int
    offsets: tuple[int, ...]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Position of letters first…last (exclusive) of the text, without the quotes around them."""
        if first >= len(self.offsets):
            inner = self.offsets[-1] + 1 if self.offsets else self.end
            return inner, inner
        begin = self.offsets[first]
        finish = self.offsets[last] if last < len(self.offsets) else self.offsets[-1] + 1
        return begin, finish


def split(text: str, *, escapes: bool = True, start: int = 0, end: int | None = None) -> tuple[Word, ...]:
    r"""The words between blanks; quotes of both kinds join, a backslash escapes the next letter or, with `escapes`,
    starts a C escape.

    An unclosed quote extends to the end, as in systemd's relaxed mode. Never raises.

    >>> [word.text for word in split("dockerd -H fd:// '--label=a b' \\x41")]
    ['dockerd', '-H', 'fd://', '--label=a b', 'A']
    """
    end = len(text) if end is None else end
    words: list[Word] = []
    letters: list[str] = []
    offsets: list[int] = []
    begin, quote, index = -1, "", start
    while index < end:
        char = text[index]
        if not quote and char in " \t\n\r":
            if begin >= 0:
                words.append(Word(text="".join(letters), start=begin, end=index, offsets=tuple(offsets)))
                letters, offsets, begin = [], [], -1
            index += 1
            continue
        begin = index if begin < 0 else begin
        if char == quote:
            quote = ""
        elif not quote and char in "\"'":
            quote = char
        elif char == "\\" and index + 1 < end and (quote != "'" or escapes):
            letter, length = unescape(text, index, escapes=escapes, quote=quote)
            letters.extend(letter)
            offsets.extend([index] * len(letter))
            index += length
            continue
        else:
            letters.append(char)
            offsets.append(index)
        index += 1
    if begin >= 0:
        words.append(Word(text="".join(letters), start=begin, end=end, offsets=tuple(offsets)))
    return tuple(words)


def unescape(text: str, index: int, *, escapes: bool, quote: str = "") -> tuple[str, int]:
    r"""The value of a backslash escape at `index`, and its length.

    With `escapes` C's forms as systemd knows them (\x41, \101, \s); without, as a shell: the next letter itself, within
    double quotes only before " \ $ and `, a line end vanishes.
    """
    following = text[index + 1]
    if following in "\r\n":
        return "", 3 if text.startswith("\r\n", index + 1) else 2
    if not escapes:
        if quote == '"' and following not in '"\\$`':
            return "\\" + following, 2
        return following, 2
    if following in _ESCAPES:
        return _ESCAPES[following], 2
    if following in _HEX_LENGTH:
        return _number(text[index + 2 : index + 2 + _HEX_LENGTH[following]], 16, _HEX_LENGTH[following], following)
    if following in "01234567":
        return _number(text[index + 1 : index + 4], 8, 3, "")
    return following, 2


def _number(digits: str, base: int, length: int, prefix: str) -> tuple[str, int]:
    wanted = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    if len(digits) == length and all(digit in wanted for digit in digits):
        value = int(digits, base)
        if 0 < value < 0x110000 and not 0xD800 <= value < 0xE000:
            return chr(value), 1 + len(prefix) + length
    # Not a number: the backslash is dropped and the letter stays.
    return (prefix or digits[:1]), 2


def is_plain(text: str) -> bool:
    """Whether a text may be put into any of these files, quoted or not, without changing its meaning."""
    return bool(text) and PLAIN.issuperset(text)
