"""The journal of a run: one line per state of a step, each with a checksum, so that a corrupt byte costs only one line.

A line that a crash truncated is the last one. A corrupt one is between valid ones, or is complete with a wrong checksum; the
lines around it are still used, and show which steps it may concern.
"""

import zlib
from typing import Literal

import msgspec

from doctor.model.step import Meta, Node
from doctor.repair.expected import ByEngine
from doctor.state.host_json import decode, encode


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The original at a step's path.

    ``node`` is ``None`` if it did not exist; the content of a short file is in ``File.content``, that of a longer one in
    ``File.blob``.

    ``values`` has original contents of kernel files by path; ``moved_to`` is the real destination of a Move; ``displaced`` is
    the new path of the node at its destination, "" for none.
    """

    node: Node | None = None
    meta: Meta | None = None
    values: dict[str, str] = {}
    moved_to: str = ""
    displaced: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. ``step`` counts in the whole plan from 0; the first line has the hash of the plan as ``result``.

    ``there``, in the line of a repair's end, is what is complete in the data root then: anything else was added later.
    ``lost``, in the line of a purge, is the paths whose originals it deletes; its ``result`` is the time, in seconds since the epoch.
    """

    step: int = -1
    state: Literal["begun", "intent", "done", "skipped", "finished", "purged"]
    before: Before | None = None
    result: str = ""
    there: ByEngine | None = None
    lost: tuple[str, ...] = ()


class Journal(msgspec.Struct, frozen=True):
    """The content of a journal.

    Attributes:
        entries: the entries of its valid lines, in order.
        damaged: numbers of its corrupt lines, from 1; a truncated last line does not count.
    """

    entries: tuple[Entry, ...] = ()
    damaged: tuple[int, ...] = ()

    @property
    def result(self) -> str:
        """The result of the run, "" if no line has it."""
        ends = [entry.result for entry in self.entries if entry.state == "finished"]
        return ends[-1] if ends else ""

    @property
    def purged(self) -> float:
        """The time of the last purge of its quarantine, in seconds since the epoch; 0.0 without one."""
        times = [entry.result for entry in self.entries if entry.state == "purged"]
        return float(times[-1]) if times and times[-1].isdigit() else 0.0

    @property
    def lost_paths(self) -> tuple[str, ...]:
        """The paths whose originals a purge deleted."""
        return tuple(dict.fromkeys(path for entry in self.entries if entry.state == "purged" for path in entry.lost))

    @property
    def done(self) -> set[int]:
        """The steps that are done, by number."""
        return {entry.step for entry in self.entries if entry.state == "done"}

    @property
    def over(self) -> set[int]:
        """The steps that are done, or were no-ops."""
        return {entry.step for entry in self.entries if entry.state in {"done", "skipped"}}

    @property
    def begun(self) -> dict[int, Before]:
        """The original of each step that was begun, by number."""
        return {entry.step: entry.before or Before() for entry in self.entries if entry.state == "intent"}

    @property
    def lost_steps(self) -> tuple[int, ...]:
        """The steps that were begun and whose original was in a corrupt line.

        Steps are begun in order: the beginning of each step before the last known one must have been written.
        """
        if not self.damaged:
            return ()
        seen = self.begun.keys() | {entry.step for entry in self.entries if entry.state == "skipped"}
        last = max(seen | self.done, default=-1)
        return tuple(number for number in range(last + 1) if number not in seen)


def line(entry: Entry) -> bytes:
    """Return a line without its newline: the checksum of the JSON, and the JSON."""
    body = encode(entry)
    return b"%08x %b" % (zlib.crc32(body), body)


def parse(data: bytes) -> Journal:
    """Parse the content of a journal; never raises."""
    entries: list[Entry] = []
    damaged: list[int] = []
    *lines, _torn = data.split(b"\n")
    for number, raw in enumerate(lines, 1):
        entry = _entry(raw)
        if entry is None:
            damaged.append(number)
        else:
            entries.append(entry)
    return Journal(tuple(entries), tuple(damaged))


def _entry(raw: bytes) -> Entry | None:
    checksum, _, body = raw.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    try:
        return decode(body, Entry)
    except (msgspec.DecodeError, RecursionError):
        return None
