"""Converts bytes of a host to text and back without loss, and names positions in that text."""


def decode(data: bytes) -> str:
    r"""The text of a file from the host; bytes that aren't UTF-8 become lone surrogates, so that `encode` restores
    them.

    >>> encode(decode(b"caf\xe9"))
    b'caf\xe9'
    """
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The inverse of `decode`. A lone surrogate that `decode` never produces becomes "?"."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def place(text: str, offset: int) -> str:
    r"""The line and column of a character offset, both counted from 1, as an editor shows them.

    >>> place("a\nbc", 3)
    'line 2, column 2'
    """
    offset = min(offset, len(text))
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"


def line_end(text: str, before: int = 0) -> str:
    r"""The line end that a file uses: that of the line before an offset, else of its first line, else "\n"."""
    found = text.rfind("\n", 0, before)
    found = text.find("\n") if found < 0 else found
    return "\r\n" if found > 0 and text[found - 1] == "\r" else "\n"


def is_number(text: str) -> bool:
    """Whether a field of a kernel's or an administrator's table is a whole number that fits in 64 bits.

    `str.isdigit` accepts "\N{SUPERSCRIPT TWO}" as a digit, and `int` rejects more than 4300 of them.

    >>> is_number("4711"), is_number("-1"), is_number("9" * 5000), is_number("")
    (True, False, False, False)
    """
    return len(text) <= 20 and text.isascii() and text.isdigit()
