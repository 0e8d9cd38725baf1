"""The process that starts containers through each layer: it may hang, die at once, or be killed in the middle of a line."""

import time

import pytest

from doctor.model.probing import Launch
from doctor.scan import probe_round

RUNG = Launch((), ({"id": "a", "kind": "runtime", "seccomp": {"defaultAction": "x" * 100_000}},))
"""Its profile is longer than a pipe."""


def reached(program: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], float]:
    """Return the errors of the starts by id if a program stands in place of the runtime, and the seconds that it took."""
    monkeypatch.setattr(probe_round, "runtime_command", lambda _: ("sh", "-c", program))
    monkeypatch.setattr(probe_round, "runtime_program", lambda: "/bin/sh")
    monkeypatch.setattr(probe_round, "_RUNGS_S", 0.3)
    monkeypatch.setattr(probe_round, "_CLEANUP_S", 0.3)
    began = time.monotonic()
    (found,) = probe_round.launch((RUNG,), probe_round.Addresses(None, None))
    return {name: ended.error for name, ended in found.items()}, time.monotonic() - began


def test_one_that_hangs_costs_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ignores the end of its input; the next process removes what it left, and may hang too."""
    found, seconds = reached("read line; exec sleep 30", monkeypatch)
    assert (found, seconds < 10) == ({}, True)


def test_a_truncated_line_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before it count."""
    said = """printf '{"id": "0.a", "error": "why"}\\n{"id": "0.b", "er'"""
    assert reached(f"read line; {said}; kill -9 $$", monkeypatch)[0] == {"a": "why"}


def test_one_that_dies_at_once_has_no_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its input can't be written then."""
    assert reached("exit 3", monkeypatch)[0] == {}
