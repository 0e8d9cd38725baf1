"""One dockerd flag changed or taken out where it stands, in any file whose words know their places."""

from msgspec import Struct

from doctor.formats.config import flags, words
from doctor.model.errors import FormatError


class Located(Struct, frozen=True, kw_only=True):
    """A value within a file.

    Attributes:
        value: what it says, without the quotes and joined lines of the file.
        offsets: where each letter of `value` stands in the file.
        escapes: whether words in it take C's escapes (a unit) or only a backslash before a letter (a shell).
        skipped: how many words at its start are no arguments (1 for a command with its program).
    """

    value: str
    offsets: tuple[int, ...]
    escapes: bool
    skipped: int = 0

    def argv(self) -> tuple[words.Word, ...]:
        """Its words, without the skipped."""
        return words.split(self.value, escapes=self.escapes)[self.skipped :]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where letters start…end (exclusive, at least one) of the value stand in the file."""
        return self.offsets[start], self.offsets[end - 1] + 1


def replace(text: str, located: Located, flag: str, value: str) -> str | None:
    """The file with the value of a flag changed: of several the last, which counts; None where it isn't given.

    Args:
        text: the file.
        located: the value in it that holds the flags.
        flag: its long name, without dashes.
        value: of letters that no quoting touches.

    Raises:
        FormatError: the new value would need quoting, or the old one stands in a form that can't be changed.
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
        # Quotes or joined lines in the middle of the value would be torn apart.
        if text[start:end] == last.value:
            return text[:start] + value + text[end:]
    raise FormatError(f"--{flag} stands there in a form that can't be changed alone")


def remove(text: str, located: Located, flag: str, *, value: str | None = None) -> str:
    """The file without a flag, every time it is given in the value (with this value only); the blanks before it go too.

    Raises:
        FormatError: it stands among joined short flags ("-DH").
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
            raise FormatError(f"--{flag} stands among joined short flags")
        start, end = argv[found.index].start, argv[found.index + found.words - 1].end
        blank = start
        while blank and located.value[blank - 1] in " \t\n":
            blank -= 1
        if blank == 0:
            while end < len(located.value) and located.value[end] in " \t\n":
                end += 1
        begin, finish = located.span(blank, end)
        # The blanks between two that go are cut once.
        text = text[:begin] + text[min(finish, after) :]
        after = begin
    return text
