"""A damaged log loses only what is damaged."""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.logging import json_log
from doctor.formats.logging.json_log import Damage


def line(message: str) -> bytes:
    entry = {"log": message, "stream": "stdout", "time": "2024-01-01T00:00:00.0Z"}
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


MESSAGES = st.lists(st.text(max_size=12), max_size=6)


@given(MESSAGES)
def test_whole_logs_have_no_damage(messages: list[str]) -> None:
    data = b"".join(map(line, messages))
    assert json_log.damages(data) == ()
    assert json_log.repaired(data, ()) == data


def test_each_kind_of_damage_is_named() -> None:
    a, b = line("a"), line("b")
    assert json_log.damages(a + b"\0" * 50 + b) == (Damage(start=len(a), end=len(a) + 50 + len(b), kind="nul"),)
    assert json_log.damages(a + b[:20]) == (Damage(start=len(a), end=len(a) + 20, kind="truncated"),)
    assert json_log.damages(a[:20] + b"\n" + b) == (Damage(start=0, end=21, kind="truncated"),)
    assert json_log.damages(b"hello\n" + b) == (Damage(start=0, end=6, kind="garbage"),)
    assert json_log.damages(b"12\n")[0].kind == "garbage"


def test_the_line_behind_the_damage_is_kept() -> None:
    a, b, c = line("a"), line('say {"log":"x"}'), line("c")
    for broken in (a + b"\0" * 4096 + b + c, a + line("lost")[:25] + b + c, a + b"\0" * 9 + line("x")[:12] + b + c):
        assert json_log.repaired(broken, json_log.damages(broken)) == a + b + c


def test_a_last_line_without_its_end_gets_it() -> None:
    a = line("a")
    assert json_log.repaired(a[:-1], json_log.damages(a[:-1])) == a


@given(MESSAGES, st.integers(0, 2**32))
def test_a_repaired_log_is_whole_and_keeps_every_untouched_line(messages: list[str], seed: int) -> None:
    chance = random.Random(seed)
    lines = [line(message) for message in messages]
    data = bytearray(b"".join(lines))
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.randrange(40))
    kind = chance.randrange(3)
    if kind == 0:
        data[start:end] = bytes(end - start)
    elif kind == 1:
        del data[start:end]
    else:
        data[start:end] = chance.randbytes(end - start)
    broken = bytes(data)
    repaired = json_log.repaired(broken, json_log.damages(broken))
    assert json_log.damages(repaired) == ()
    position = 0
    for text in lines:
        if position + len(text) <= start:
            assert repaired.startswith(text, position)
        position += len(text)
    position = 0
    for text in lines:
        if position > end and broken[end:].endswith(b"".join(lines)[end:]):
            assert text in repaired
        position += len(text)


@given(st.binary(max_size=120))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    found = json_log.damages(data)
    assert json_log.damages(json_log.repaired(data, found)) == ()


def test_deeply_nested_lines_do_not_crash() -> None:
    assert json_log.damages(b'{"log":' * 50_000 + b"\n")[0].kind == "truncated"
