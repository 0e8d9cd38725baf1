"""The last line of a log is text of a stranger: shown without secrets, and in linear time."""

from functools import partial

import pytest

from doctor.facts.secrets.log_text import LONGEST, shown_line
from tests.clocks import within


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("FATAL: no config, password=hunter2", "FATAL: no config, password=***"),
        ("using API_KEY: abcd1234 for region eu", "using API_KEY: *** for region eu"),
        ("postgres://web:hunter2@db/x refused", "postgres://***@db/x refused"),
        ("key sk_live_51H8abcdefghijk1234567 is revoked", "key *** is revoked"),
        ("password authentication failed for user web", "password authentication failed for user web"),
        ("exec /run.sh: no such file or directory", "exec /run.sh: no such file or directory"),
        ('exec: "/etc": is a directory', 'exec: "/etc": is a directory'),
        ("\x1b[31mred\x00\u202e", "?[31mred??"),
    ],
)
def test_what_a_reader_needs_stays(line: str, shown: str) -> None:
    assert shown_line(line) == shown


@pytest.mark.parametrize("piece", ["a-", "password", "token=", "token ", "1a", '"', "\0", "x" * 40 + " "])
def test_a_hostile_line_is_short_and_quick(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    within(0.5, partial(shown_line, text), tries=3)
    assert len(shown_line(text)) <= LONGEST
