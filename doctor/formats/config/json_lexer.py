"""Tokens of hand-written JSON: strings in any quotes, words, blanks and comments, each mistake with its fix."""

import re

from msgspec import Struct

from doctor.formats.config.json_text import GO_SPACE

MAX_MISTAKES = 1000
"""Limit of mistakes of a walk."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_STOP = re.compile(r"[\"\\\x00-\x1f]")
_LITERALS = frozenset({"true", "false", "null"})
_OTHER_LITERALS = {"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null"}
_AMBIGUOUS = frozenset({"yes", "no", "on", "off", "undefined", "nan", "infinity", "y", "n", "t", "f"})
_SMART = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2033"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
WORD = re.compile(rf"[^\s{{}}\[\],:=\"'#/\x00{_SMART}{_INVISIBLE}]+")
_ESCAPED = frozenset('"\\/bfnrt')
QUOTES = frozenset("\"'" + _SMART)


class Edit(Struct, frozen=True, kw_only=True):
    """Replace characters start…end (exclusive) by `new`."""

    start: int
    end: int
    new: str


class Mistake(Struct, frozen=True, kw_only=True):
    """A violation of JSON.

    Attributes:
        kind: "comment", "trailing-comma", "extra-comma", "missing-comma", "single-quotes", "smart-quotes", "blank",
            "invisible", "nul", "control", "escape", "unquoted-key", "bare-word", "literal", "equals", "truncated",
            "unclosed-string", "extra-closer", "text-behind", "no-object", "utf-16-unmarked" or "unreadable".
        start: offset in the text.
        end: offset after it.
        edits: the fix; empty if it is ambiguous.
    """

    kind: str
    start: int
    end: int
    edits: tuple[Edit, ...]


class GiveUpError(Exception):
    """The rest of the text can't be parsed. Stays inside the reader."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Lexer:
    """A position in a text that moves forward and collects mistakes."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.at = start
        self.end = end
        self.mistakes: list[Mistake] = []
        self.last_token = start
        self.is_behind = False

    def mistake(self, kind: str, start: int, end: int, *edits: Edit) -> None:
        """Record a mistake; a text with too many is not hand-written JSON."""
        if len(self.mistakes) >= MAX_MISTAKES and kind != "unreadable":
            raise GiveUpError(start)
        self.mistakes.append(Mistake(kind=kind, start=start, end=end, edits=edits))

    def peek(self) -> str:
        """The character at the position, "" at the end."""
        return self.text[self.at] if self.at < self.end else ""

    def blank(self) -> None:
        """Skip white space, comments and misplaced characters."""
        while self.at < self.end:
            char = self.text[self.at]
            if char in " \t\r\n":
                self.at += 1
            elif char == "#" or self.text.startswith("//", self.at):
                self.comment(self.line_break(self.at), closed=True)
            elif self.text.startswith("/*", self.at):
                close = self.text.find("*/", self.at + 2, self.end)
                self.comment(self.end if close < 0 else close + 2, closed=close >= 0)
            elif char == "\0":
                start = self.at
                while self.peek() == "\0":
                    self.at += 1
                # After the value they are the rest of a block; before it they are lost content.
                edits = [Edit(start=start, end=self.at, new="")] if self.is_behind else []
                self.mistake("nul", start, self.at, *edits)
            elif char in GO_SPACE or char in _INVISIBLE:
                kind, new = ("blank", " ") if char in GO_SPACE else ("invisible", "")
                self.mistake(kind, self.at, self.at + 1, Edit(start=self.at, end=self.at + 1, new=new))
                self.at += 1
            else:
                return

    def line_break(self, start: int) -> int:
        """End of an offset's line, before the line end."""
        found = self.text.find("\n", start, self.end)
        found = self.end if found < 0 else found
        return found - 1 if found > start and self.text[found - 1] == "\r" else found

    def comment(self, end: int, *, closed: bool) -> None:
        """Skip a comment that ends at `end`."""
        start, self.at = self.at, end
        if not closed:
            self.mistake("comment", start, end)
            return
        # The blanks before a comment are removed with it, and its line if it is empty then.
        first = start
        while first and self.text[first - 1] in " \t":
            first -= 1
        alone = first == 0 or self.text[first - 1] == "\n"
        if alone and self.text.startswith(("\n", "\r\n"), end):
            end += 1 if self.text[end] == "\n" else 2
        self.mistake("comment", start, self.at, Edit(start=first, end=end, new=""))

    def word(self, word: str) -> None:
        """Skip a word: a literal, a number, or an unquoted string."""
        start, self.at = self.at, self.at + len(word)
        self.last_token = self.at
        if word not in _LITERALS and _NUMBER.fullmatch(word) is None:
            edit = Edit(start=start, end=self.at, new=_OTHER_LITERALS.get(word.lower(), f'"{word}"'))
            if word.lower() in _OTHER_LITERALS:
                self.mistake("literal", start, self.at, edit)
            elif NAME.fullmatch(word) and word.lower() not in _AMBIGUOUS and self.at < self.end:
                self.mistake("bare-word", start, self.at, edit)
            else:
                self.mistake("bare-word", start, self.at)

    def string(self) -> str:
        """Skip a string; returns its value."""
        quote = self.text[self.at]
        text = self.straight() if quote == '"' else self.crooked(quote)
        self.last_token = self.at
        return text

    def straight(self) -> str:
        """A string in straight double quotes; the reader is after it then."""
        start, position = self.at, self.at + 1
        edits: list[Mistake] = []
        while True:
            match = _STOP.search(self.text, position, self.end)
            if match is None:
                return self.unclosed(start, self.end)
            position, char = match.start(), match[0]
            if char == '"':
                break
            if char in "\r\n":
                return self.unclosed(start, position)
            length, mistake = self.odd_letter(position)
            if mistake is not None:
                edits.append(mistake)
            position += length
        for found in edits:
            self.mistake(found.kind, found.start, found.end, *found.edits)
        self.at = position + 1
        return _unquoted(self.text[start + 1 : position])

    def odd_letter(self, at: int) -> tuple[int, Mistake | None]:
        """An escape or a control character within a string: its length and its fault."""
        char, following = self.text[at], self.text[at + 1 : at + 2]
        if char == "\0":
            return 1, Mistake(kind="nul", start=at, end=at + 1, edits=())
        if char != "\\":
            new = "\\t" if char == "\t" else f"\\u{ord(char):04x}"
            return 1, Mistake(kind="control", start=at, end=at + 1, edits=(Edit(start=at, end=at + 1, new=new),))
        if following in _ESCAPED and following:
            return 2, None
        if following == "u" and re.match(r"[0-9a-fA-F]{4}", self.text[at + 2 : at + 6]):
            return 6, None
        edits = (Edit(start=at, end=at + 2, new="'"),) if following == "'" else ()
        return 1 if following in "\r\n" else 2, Mistake(kind="escape", start=at, end=at + 2, edits=edits)

    def unclosed(self, start: int, stop: int) -> str:
        """A string without a closing straight quote on its line: a smart quote before a comma, colon or bracket may
        close it.
        """
        line = self.text[start + 1 : stop]
        match = re.match(rf"[^{_SMART}]*[{_SMART}](?=[ \t]*(?:[,:}}\]]|$))", line)
        if match is not None:
            self.at = start + 1 + match.end()
            edit = Edit(start=self.at - 1, end=self.at, new='"')
            self.mistake("smart-quotes", start, self.at, edit)
            return _unquoted(match[0][:-1])
        self.mistake("unclosed-string", start, stop)
        self.at = stop
        return line

    def crooked(self, quote: str) -> str:
        """A string in single or smart quotes, rewritten with straight double ones."""
        start = self.at
        kind, closers = ("single-quotes", "'") if quote == "'" else ("smart-quotes", _SMART + '"')
        end = start + 1
        while end < self.end and self.text[end] not in closers and self.text[end] not in "\r\n\0":
            end += 2 if self.text[end] == "\\" else 1
        if end >= self.end or self.text[end] in "\r\n\0":
            stop = min(end, self.end)
            self.mistake("unclosed-string", start, stop)
            self.at = stop
            return self.text[start + 1 : stop]
        inner = self.text[start + 1 : end].replace("\\'", "'")
        if quote == "'":
            inner = re.sub(r'\\.|"', lambda found: found[0] if found[0][0] == "\\" else '\\"', inner)
        self.at = end + 1
        self.mistake(kind, start, self.at, Edit(start=start, end=self.at, new=f'"{inner}"'))
        return _unquoted(inner)


def _unquoted(raw: str) -> str:
    """The value of a string, for keys: valid escapes are decoded."""
    if "\\" not in raw:
        return raw
    simple = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

    def plain(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) == 5 else simple.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", plain, raw, flags=re.DOTALL)
