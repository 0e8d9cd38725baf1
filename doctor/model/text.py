"""Escapes text of a host for display: names, file contents and error messages are untrusted."""

from collections.abc import Iterable


def visible(text: str, *, keep: str = "") -> str:
    r"""Return ``text`` with invisible characters escaped, as in a Python string literal.

    Control characters (a terminal obeys ESC and C1 codes), bidirectional overrides (they reorder the text around them),
    zero-width and unassigned characters, separators other than the space, and lone surrogates (undecodable bytes of a
    host, kept by ``surrogateescape``) are escaped. The result is valid UTF-8, XML 1.0 and JSON, and safe in any
    terminal.

    A literal backslash is kept: the result is for display, not for parsing. ``keep`` lists characters that are not
    escaped (a newline where the format has lines).

    >>> visible("web\x1b[31m\u202egnp.sh")
    'web\\x1b[31m\\u202egnp.sh'
    >>> visible(b"caf\xe9".decode("utf-8", "surrogateescape"))
    'caf\\xe9'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in keep else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    number = ord(letter)
    if 0xDC80 <= number <= 0xDCFF:
        # surrogateescape keeps byte 0xNN as U+DCNN.
        return f"\\x{number - 0xDC00:02x}"
    return ascii(letter)[1:-1]


def plain(text: str) -> str:
    """Return a docstring's text for a terminal: code has the quotes that messages use.

    >>> plain("``docker logs`` fails")
    "'docker logs' fails"
    """
    return text.replace("``", "'")


def plural(number: int, word: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "check"), plural(3, "check")
    ('1 check', '3 checks')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def named(noun: str, names: Iterable[str]) -> str:
    """Return names after their noun.

    >>> named("network", ["mesh"]), named("network", ["bridge", "mesh"])
    ('network mesh', 'networks bridge, mesh')
    """
    found = list(names)
    return f"{noun if len(found) == 1 else f'{noun}s'} {', '.join(found)}"


def in_words(parts: Iterable[str]) -> str:
    """Return parts as a list in a sentence.

    >>> in_words(["images"]), in_words(["images", "volumes"]), in_words(["images", "volumes", "networks"])
    ('images', 'images and volumes', 'images, volumes and networks')
    """
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def holdings(images: int, containers: int) -> str:
    """Return what a store holds, in a few words.

    >>> holdings(1, 2), holdings(3, 0), holdings(0, 0)
    ('1 image and 2 containers', '3 images', 'no images, no containers')
    """
    counted = ((images, "image"), (containers, "container"))
    return in_words([plural(count, word) for count, word in counted if count] or ["no images, no containers"])


def flipped_byte(one: bytes, other: bytes) -> int:
    """Return the position of the byte with the only differing bit, -1 if none or more bits differ.

    >>> flipped_byte(b"79df", b"78df"), flipped_byte(b"79df", b"79df"), flipped_byte(b"79df", b"76df")
    (1, -1, -1)
    """
    difference = int.from_bytes(one) ^ int.from_bytes(other) if len(one) == len(other) else 0
    return len(one) - 1 - (difference.bit_length() - 1) // 8 if difference.bit_count() == 1 else -1


def is_one_bit_off(one: str, other: str) -> bool:
    """Whether two texts differ in a single bit of their UTF-8, as after a memory or disk error.

    >>> is_one_bit_off("79df", "78df"), is_one_bit_off("79df", "79df"), is_one_bit_off("79df", "76df")
    (True, False, False)
    """
    return flipped_byte(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")) >= 0
