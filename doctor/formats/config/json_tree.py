"""Parses hand-written JSON into a tree with positions, and collects the mistakes.

A mistake has a fix only if it is unambiguous: doctor repairs a file but never guesses.
"""

from functools import lru_cache

from msgspec import Struct

from doctor.formats.config.json_lexer import NAME, QUOTES, WORD, Edit, GiveUpError, Lexer, Mistake

MAX_DEPTH = 64
"""daemon.json nests three levels."""


class Member(Struct, kw_only=True):
    """One key and its value in an object; `comma` is the offset of the comma after it, -1 without."""

    key: str
    start: int
    key_end: int
    value: "JsonNode"
    comma: int = -1


class JsonNode(Struct, kw_only=True):
    """A value: kind "object", "array", "string" or "word", and its place."""

    kind: str
    start: int
    end: int
    text: str = ""
    members: list[Member] = []
    items: list["JsonNode"] = []


@lru_cache(maxsize=1)
def parse(text: str, start: int, end: int) -> tuple[JsonNode | None, tuple[Mistake, ...]]:
    """The tree of text[start:end] and the mistakes in order; no tree if the text can't be parsed.

    Never raises. All repairs of a file use the same text, so the last tree is cached; it is never changed. White space
    that Go trims should be outside of start…end (`JsonText.bounds`).
    """
    reader = _TreeReader(text, start, end)
    root: JsonNode | None = None
    try:
        reader.blank()
        root = reader.value(0)
        reader.behind()
    except GiveUpError as error:
        reader.mistake("unreadable", error.offset, min(error.offset + 1, end))
        root = None
    return root, tuple(reader.mistakes)


class _TreeReader(Lexer):
    """The containers, on top of their parts."""

    def value(self, depth: int) -> JsonNode:
        char = self.peek()
        if depth > MAX_DEPTH or not char:
            raise GiveUpError(self.at)
        if char in "{[":
            return self.container(depth)
        start = self.at
        if char in QUOTES:
            text = self.string()
            return JsonNode(kind="string", start=start, end=self.at, text=text)
        match = WORD.match(self.text, self.at, self.end)
        if match is None:
            raise GiveUpError(self.at)
        self.word(match[0])
        return JsonNode(kind="word", start=start, end=self.at, text=match[0])

    def container(self, depth: int) -> JsonNode:
        is_object = self.peek() == "{"
        node = JsonNode(kind="object" if is_object else "array", start=self.at, end=self.at)
        closer = "}" if is_object else "]"
        self.at += 1
        comma = needed = -1
        while True:
            self.blank()
            char = self.peek()
            if char == closer:
                self.close(comma)
                break
            if not char:
                self.cut(closer, complete=needed >= 0)
                break
            if char == ",":
                comma, needed = self.comma(comma, needed, node)
                continue
            if needed >= 0:
                self.missing_comma(needed, is_object=is_object)
            if is_object:
                node.members.append(self.member(depth))
            else:
                node.items.append(self.value(depth + 1))
            comma, needed = -1, self.last_token
        node.end = self.at
        return node

    def missing_comma(self, at: int, *, is_object: bool) -> None:
        """Two adjacent values. Words could be one unquoted value, so only clear neighbours are separated."""
        after_word = any(mistake.kind == "bare-word" and mistake.end == at for mistake in self.mistakes[-3:])
        parted = self.text[at - 1] in "]}" or self.text[at - 1] in QUOTES
        clear = not after_word and (is_object or (parted and (self.peek() in QUOTES or self.peek() in "{[")))
        self.mistake("missing-comma", at, at, *([Edit(start=at, end=at, new=",")] if clear else []))

    def close(self, comma: int) -> None:
        if comma >= 0:
            self.mistake("trailing-comma", comma, comma + 1, Edit(start=comma, end=comma + 1, new=""))
        self.at += 1
        self.last_token = self.at

    def comma(self, comma: int, needed: int, node: JsonNode) -> tuple[int, int]:
        here = self.at
        self.at += 1
        if needed < 0:
            self.mistake("extra-comma", here, here + 1, Edit(start=here, end=here + 1, new=""))
            return comma, needed
        if node.members:
            node.members[-1].comma = here
        return here, -1

    def cut(self, closer: str, *, complete: bool) -> None:
        """The text ends inside a container. It can be closed only if only closing brackets are missing."""
        ends_whole = self.text[self.last_token - 1] not in "0123456789."
        if complete and ends_whole and not any(mistake.kind == "nul" for mistake in self.mistakes):
            self.mistake("truncated", self.end, self.end, Edit(start=self.end, end=self.end, new=closer))
        else:
            self.mistake("truncated", self.end, self.end)

    def member(self, depth: int) -> Member:
        start = self.at
        if self.peek() in QUOTES:
            key = self.string()
        else:
            match = NAME.match(self.text, self.at, self.end)
            if match is None:
                raise GiveUpError(self.at)
            key, self.at = match[0], match.end()
            edit = Edit(start=start, end=self.at, new=f'"{key}"')
            self.mistake("unquoted-key", start, self.at, edit)
        key_end = self.at
        self.blank()
        if self.peek() == "=":
            length = 2 if self.text.startswith("=>", self.at) else 1
            self.mistake("equals", self.at, self.at + length, Edit(start=self.at, end=self.at + length, new=":"))
            self.at += length
        elif self.peek() == ":":
            self.at += 1
        else:
            raise GiveUpError(self.at)
        self.blank()
        return Member(key=key, start=start, key_end=key_end, value=self.value(depth + 1))

    def behind(self) -> None:
        """The text after the value: extra closing brackets can be removed, anything else is ambiguous."""
        self.is_behind = True
        self.blank()
        while self.at < self.end and self.text[self.at] in "}],;":
            edit = Edit(start=self.at, end=self.at + 1, new="")
            self.mistake("extra-closer", self.at, self.at + 1, edit)
            self.at += 1
            self.blank()
        if self.at < self.end:
            self.mistake("text-behind", self.at, self.end)
