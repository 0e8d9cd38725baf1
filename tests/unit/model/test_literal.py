"""The words that a pattern needs: leaving out patterns whose words a line lacks changes no answer."""

import random
import re

import pytest

from doctor.model.literal import folded, needed
from doctor.plugins.load import load
from doctor.plugins.messages import table, topics

PATTERNS = [known.message.pattern for known in table(load())]
LINES = [known.message.example for known in table(load())] + [line for topic in topics() for line in topic.examples]
COMPILED = [(re.compile(one, re.IGNORECASE), needed(one)) for one in PATTERNS]


def wrongly_left_out(text: str) -> list[str]:
    """Return the patterns that match a text although it has none of their words."""
    lower = folded(text)
    absent = [one for one, words in COMPILED if words and not any(word in lower for word in words)]
    return [one.pattern for one in absent if one.search(text)]


def test_no_example_of_the_table_is_missed() -> None:
    """Also in capitals, and cut anywhere."""
    lines = [*LINES, *(line.upper() for line in LINES[::4]), *(line[len(line) // 3 :] for line in LINES[::4])]
    assert [line for line in lines if wrongly_left_out(line)] == []


def test_no_mixed_line_is_missed() -> None:
    """Lines of pieces of the examples, as different programs wrap each other's errors."""
    chance = random.Random(8)
    for _ in range(100):
        words = " ".join(chance.choice(LINES) for _ in range(3)).split()
        start = chance.randrange(len(words))
        assert wrongly_left_out(" ".join(words[start : start + chance.randrange(1, 30)])) == []


def test_most_patterns_are_left_out_for_a_line() -> None:
    """Otherwise the words would save nothing."""
    assert all(needed(pattern) for pattern in PATTERNS)
    lower = folded("docker: Error response from daemon: Conflict. The container name is already in use")
    assert sum(any(word in lower for word in words) for _, words in COMPILED) < len(PATTERNS) / 10


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("colou?r", ("color", "colour")),
        ("ab*c{0,2}d", ("ad", "abbccd")),
        ("(?:one|two)(?: three)?", ("one", "two three")),
        ("(a|b(c|d)e)f", ("af", "bcef")),
        (r"a\.b\|c\d+", ("a.b|c7",)),
        ("[]x]y[^]]z", ("]yaz",)),
        ("(?<!x)abc(?=def)", ("abcdef",)),
        ("(?:ab){0}cd|x{2}", ("cd", "xx")),
        ("a??b+?c", ("bc", "abbc")),
        ("(?i:Kiss)|(?P<name>mask)", ("KISS", "mask")),
        ("kiss", ("\u212ai\u017f\u017f", "k\u0130ss", "k\u0131ss")),
        ("stra\u00dfe|\u00c9clair", ("STRASSE", "stra\u00dfe", "\u00e9clair")),
        ("a{b", ("a{b",)),
        ("a|", ("", "b")),
    ],
)
def test_each_form_of_a_pattern(pattern: str, texts: tuple[str, ...]) -> None:
    """An optional part is not a word that the pattern needs."""
    words = needed(pattern)
    for text in texts:
        if re.search(pattern, text, re.IGNORECASE):
            assert not words or any(word in folded(text) for word in words), words


@pytest.mark.parametrize("pattern", ["(", ")", "[", "a)", "(?P<", "*", "\\", "(" * 1000, "[" * 1000, "|" * 1000])
def test_a_pattern_that_is_none_has_no_words_or_harmless_ones(pattern: str) -> None:
    """Its mistake is found where it is compiled."""
    assert isinstance(needed(pattern), tuple)
