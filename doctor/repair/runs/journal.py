"""The journal of a run: one line a state of a step, each with its checksum, so that a bad byte is seen and costs one line.

A line that a crash tore is the last one. One that is damaged stands among good ones, or is complete and does not fit its checksum;
the lines around it still count, and tell which steps it may have been about.
"""

import zlib
from typing import Literal

import msgspec

from doctor.model.step import Meta, Node
from doctor.repair.expected import ByEngine


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What was at a step's path.

    ``node`` is ``None`` if there was nothing; a short file's content stands in
    ``File.content``, a longer one's in ``File.blob``.

    ``values`` holds old contents of kernel files by path; ``moved_to`` where a Move really went; ``displaced`` where it
    put what stood at its destination, "" for nothing.
    """

    node: Node | None = None
    meta: Meta | None = None
    values: dict[str, str] = {}
    moved_to: str = ""
    displaced: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. ``step`` counts through the whole plan from 0; the first line has the hash of the plan as ``result``.

    ``there``, in the line of a repair's end, is what is whole in the data root then: anything else is somebody's later work.
    """

    step: int = -1
    state: Literal["begun", "intent", "done", "skipped", "finished"]
    before: Before | None = None
    result: str = ""
    there: ByEngine | None = None


_encoder = msgspec.json.Encoder()
_entries = msgspec.json.Decoder(Entry)


class Journal(msgspec.Struct, frozen=True):
    """What a journal says.

    Attributes:
        entries: those of its good lines, in order.
        damaged: numbers of its damaged lines, from 1; a last line that a crash tore is none.
    """

    entries: tuple[Entry, ...] = ()
    damaged: tuple[int, ...] = ()

    @property
    def result(self) -> str:
        """How the run ended, "" if no line says so."""
        ends = [entry.result for entry in self.entries if entry.state == "finished"]
        return ends[-1] if ends else ""

    @property
    def done(self) -> set[int]:
        """The steps that are done, by number."""
        return {entry.step for entry in self.entries if entry.state == "done"}

    @property
    def over(self) -> set[int]:
        """The steps that are done, or had nothing to do."""
        return {entry.step for entry in self.entries if entry.state in {"done", "skipped"}}

    @property
    def begun(self) -> dict[int, Before]:
        """What was there before each step that was begun, by number."""
        return {entry.step: entry.before or Before() for entry in self.entries if entry.state == "intent"}

    @property
    def lost_steps(self) -> tuple[int, ...]:
        """The steps that were begun and of which a damaged line said what was there before.

        Steps are begun in order: of one before the last that is known to be begun, the beginning must have been written.
        """
        if not self.damaged:
            return ()
        seen = self.begun.keys() | {entry.step for entry in self.entries if entry.state == "skipped"}
        last = max(seen | self.done, default=-1)
        return tuple(number for number in range(last + 1) if number not in seen)


def line(entry: Entry) -> bytes:
    """Return a line without its end: the checksum of the JSON, and the JSON."""
    body = _encoder.encode(entry)
    return b"%08x %b" % (zlib.crc32(body), body)


def parse(data: bytes) -> Journal:
    """Return what the content of a journal says; raises nothing."""
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
        return _entries.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
