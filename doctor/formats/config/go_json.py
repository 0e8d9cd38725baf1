"""Finds the first error of Go's encoding/json in a text, with Go's message: dockerd logs it and users search for it."""

_BLANK = " \t\r\n"
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"
_NO_BLANK = ("in literal", "in string escape", "in \\u", "in numeric", "in exponent", "after decimal")
_END = "unexpected end of JSON input"


class _Error(Exception):
    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


def first_error(text: str) -> tuple[int, str] | None:
    """Offset and message of the first syntax error; None for a text that holds exactly one JSON value.

    Source: Go, encoding/json/scanner.go. The offset is that of the offending character, or the end of the text.

    >>> first_error('{"debug": true,}')
    (15, "invalid character '}' looking for beginning of object key string")
    """
    try:
        end = _skip(text, _Scanner(text).value(0))
    except _Error as error:
        return error.offset, error.message
    return None if end >= len(text) else (end, _bad(text, end, "after top-level value"))


def _bad(text: str, offset: int, context: str) -> str:
    if offset >= len(text):
        # Go's scanner gets a blank at the end: an error if no blank is allowed there.
        return f"invalid character ' ' {context}" if context.startswith(_NO_BLANK) else _END
    char = text[offset]
    if char in "'\\":
        quoted = f"'\\{char}'"
    elif char == '"':
        quoted = "'\"'"
    else:
        # Go scans bytes: for a non-ASCII character it names the first byte.
        first = chr(char.encode("utf-8", "surrogatepass")[0])
        names = {"\0": "\\x00", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
        quoted = "'" + names.get(first, first if first.isprintable() else f"\\x{ord(first):02x}") + "'"
    return f"invalid character {quoted} {context}"


def _skip(text: str, offset: int) -> int:
    while offset < len(text) and text[offset] in _BLANK:
        offset += 1
    return offset


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text

    def fail(self, offset: int, context: str) -> _Error:
        return _Error(min(offset, len(self.text)), _bad(self.text, offset, context))

    def value(self, offset: int) -> int:
        """The end of the value at an offset. Iterative: a hostile nesting costs a list entry, not a stack frame."""
        closers: list[str] = []
        offset = self.begin(offset, closers)
        while closers:
            offset = _skip(self.text, offset)
            char = self.text[offset : offset + 1]
            if char == closers[-1]:
                closers.pop()
                offset += 1
            elif char != ",":
                what = "after object key:value pair" if closers[-1] == "}" else "after array element"
                raise self.fail(offset, what)
            elif closers[-1] == "}":
                offset = self.begin(self.key(offset + 1, "looking for beginning of object key string"), closers)
            else:
                offset = self.begin(offset + 1, closers)
        return offset

    def begin(self, offset: int, closers: list[str]) -> int:
        """Read a scalar, or enter containers up to the first scalar or empty container inside them."""
        while True:
            offset = _skip(self.text, offset)
            char = self.text[offset : offset + 1]
            if char not in {"{", "["}:
                return self.scalar(offset)
            closer = "}" if char == "{" else "]"
            inside = _skip(self.text, offset + 1)
            if self.text[inside : inside + 1] == closer:
                return inside + 1
            closers.append(closer)
            offset = self.key(inside, "looking for beginning of object key string") if closer == "}" else inside

    def key(self, offset: int, context: str) -> int:
        offset = _skip(self.text, offset)
        if self.text[offset : offset + 1] != '"':
            raise self.fail(offset, context)
        offset = _skip(self.text, self.string(offset))
        if self.text[offset : offset + 1] != ":":
            raise self.fail(offset, "after object key")
        return offset + 1

    def scalar(self, offset: int) -> int:
        char = self.text[offset : offset + 1]
        if char == '"':
            return self.string(offset)
        if char in _LITERALS:
            return self.literal(offset, _LITERALS[char])
        if char and char in "-" + _DIGITS:
            return self.number(offset)
        raise self.fail(offset, "looking for beginning of value")

    def string(self, offset: int) -> int:
        offset += 1
        while offset < len(self.text):
            char = self.text[offset]
            if char == '"':
                return offset + 1
            if char < " ":
                raise self.fail(offset, "in string literal")
            offset = self.escape(offset + 1) if char == "\\" else offset + 1
        raise self.fail(offset, "")

    def escape(self, offset: int) -> int:
        char = self.text[offset : offset + 1]
        if char == "u":
            for number in range(offset + 1, offset + 5):
                if self.text[number : number + 1] not in set(_HEX):
                    raise self.fail(number, "in \\u hexadecimal character escape")
            return offset + 5
        if char not in set('bfnrt\\/"'):
            raise self.fail(offset, "in string escape code")
        return offset + 1

    def literal(self, offset: int, word: str) -> int:
        for number in range(1, len(word)):
            if self.text[offset + number : offset + number + 1] != word[number]:
                raise self.fail(offset + number, f"in literal {word} (expecting '{word[number]}')")
        return offset + len(word)

    def number(self, offset: int) -> int:
        if self.text[offset] == "-":
            offset = self.digits(offset + 1, "in numeric literal", single_zero=True)
        else:
            offset = self.digits(offset, "in numeric literal", single_zero=True)
        if self.text.startswith(".", offset):
            offset = self.digits(offset + 1, "after decimal point in numeric literal")
        if self.text[offset : offset + 1] in {"e", "E"}:
            offset += 1
            if self.text[offset : offset + 1] in {"+", "-"}:
                offset += 1
            offset = self.digits(offset, "in exponent of numeric literal")
        return offset

    def digits(self, offset: int, context: str, *, single_zero: bool = False) -> int:
        start = offset
        while offset < len(self.text) and self.text[offset] in _DIGITS:
            offset += 1
            if single_zero and self.text[start] == "0":
                break
        if offset == start:
            raise self.fail(offset, context)
        return offset
