"""Records of doctor's own keep names of a host, whatever bytes these are."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from doctor.model.step import Directory, Put, Step
from doctor.repair.runs import journal
from doctor.repair.runs.journal import Entry
from doctor.state import host_json
from tests.unit.model.steps import STEPS, TEXTS


@given(STEPS, some.sampled_from([None, 1]))
def test_a_step_is_read_as_it_was_written(step: Step, indent: int | None) -> None:
    """Any bytes and names: an undo reads the very step that was done."""
    written = host_json.encode(step, indent=indent)
    written.decode("utf-8")
    assert host_json.decode(written, Step) == step  # type: ignore[arg-type]


@given(some.lists(some.builds(Entry, step=some.integers(0, 99), state=some.just("intent"), result=TEXTS), max_size=3))
def test_a_journal_is_read_as_it_was_written(entries: list[Entry]) -> None:
    """A line for an entry, though names may hold line breaks."""
    lines = [journal.line(entry) for entry in entries]
    assert not any(b"\n" in line for line in lines)
    found = journal.parse(b"".join(line + b"\n" for line in lines))
    assert (list(found.entries), found.damaged) == (entries, ())


@given(some.binary())
def test_a_damaged_record_is_one_kind_of_error(data: bytes) -> None:
    for spoiled in (data, b'{"type":"put","path":"\\udce9"' + data, b'"\\ud800' + data):
        try:
            host_json.decode(spoiled, Put)
        except msgspec.DecodeError:
            continue


def test_text_that_only_looks_escaped_is_kept() -> None:
    """A backslash in a name is a backslash."""
    step = Put(path="/a\\udce9\udce9", node=Directory())
    assert host_json.decode(host_json.encode(step), Put) == step
    with pytest.raises(msgspec.DecodeError):
        host_json.decode(b'{"type":"put","path":"\\udce9","node":7}', Put)
