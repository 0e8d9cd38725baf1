"""Changes or removes one dockerd flag in place, in any file with known word positions."""

from msgspec import Struct

from doctor.formats.config import flags, words
from doctor.model.errors import FormatError


class Located(Struct, frozen=True, kw_only=True):
    """A value within a file.

    Attributes:
        value: its text, without the quotes and joined lines of the file.
        offsets: position of each letter of `value` in the file.
        escapes: whether its words use C escapes (a unit) or only a backslash before a letter (a shell).
        skipped: number of leading words that are not arguments (1 for a command with its program).
    """

    value: str
    offsets: tuple[int, ...]
    escapes: bool
    skipped: int = 0

    def argv(self) -> tuple[words.Word, ...]:
        """Its words, without the skipped."""
        return words.split(self.value, escapes=self.escapes)[self.skipped :]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Position of letters start…end (exclusive, at least one) of the value in the file."""
        return self.offsets[start], self.offsets[end - 1] + 1


def replace(text: str, located: Located, flag: str, value: str) -> str | None:
    """The file with the value of a flag changed: the last one if repeated; None if it isn't given.

    Args:
        text: the file.
        located: the value in it that holds the flags.
        flag: its long name, without dashes.
        value: of letters that no quoting touches.

    Raises:
        FormatError: the new value would need quoting, or the old one has a form that can't be changed.
    """
    if not words.is_plain(value):
        raise FormatError(f"the value {value[:60]!r} would need quoting")
    argv = located.argv()
    given = [found for found in flags.parse([word.text for word in argv]).flags if found.name == flag]
    if not given:
        return None
    last = given[-1]
    word = argv[last.index + last.words - 1] if last.words else argv[last.index]
    if last.words == 1 and word.text.removeprefix("--") == flag and last.value:
        # A bare boolean: "--debug" becomes "--debug=false".
        _, end = located.span(*word.span(0, len(word.text)))
        return f"{text[:end]}={value}{text[end:]}"
    if last.words and last.value and word.text.endswith(last.value):
        start, end = located.span(*word.span(len(word.text) - len(last.value), len(word.text)))
        # Quotes or joined lines in the middle of the value would be split.
        if text[start:end] == last.value:
            return text[:start] + value + text[end:]
    raise FormatError(f"--{flag} has a form that can't be changed separately")


def remove(text: str, located: Located, flag: str, *, value: str | None = None) -> str:
    """The file without a flag, each time it occurs in the value (with this value only), with the blanks before it.

    Raises:
        FormatError: it is part of joined short flags ("-DH").
    """
    argv = located.argv()
    after = len(text)
    for found in reversed(flags.parse([word.text for word in argv]).flags):
        if found.name != flag or (value is not None and found.value != value):
            continue
        if (
            not found.words
            or sum(other.index == found.index for other in flags.parse([w.text for w in argv]).flags) > 1
        ):
            raise FormatError(f"--{flag} is part of joined short flags")
        start, end = argv[found.index].start, argv[found.index + found.words - 1].end
        blank = start
        while blank and located.value[blank - 1] in " \t\n":
            blank -= 1
        if blank == 0:
            while end < len(located.value) and located.value[end] in " \t\n":
                end += 1
        begin, finish = located.span(blank, end)
        # The blanks between two removed words are cut once.
        text = text[:begin] + text[min(finish, after) :]
        after = begin
    return text
