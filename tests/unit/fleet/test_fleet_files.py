"""Hostile directories and files: each that is not read is named, none blocks, none is followed out."""

import errno
import gzip
import json
import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from doctor.fleet import content as reading
from doctor.model.errors import FormatError
from tests.unit.fleet.fleet_kit import healthy, merged, report, write

GOOD = json.dumps(healthy("a")).encode()
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n", "it is empty"),
    "truncated": (GOOD[:-40], "it is truncated: copy it again"),
    "binary": (b"\x7fELF\x00\xff" * 50, "it is not JSON: 'doctor scan --format json -o FILE' writes a report"),
    "a list": (b"[1]", "it is not a report of doctor"),
    "another program's": (b'{"a": 1}', "it is not a report of doctor: it has no schema_version"),
    "two documents": (GOOD + GOOD, "it holds more than one JSON document: use one file for each report"),
    "deep": (b"[" * 100_000, "it is not a report of doctor"),
    "deep inside": (b'{"outcomes": ' + b"[" * 100_000, "it is nested too deeply, so it is not a report"),
    "a plan": (GOOD.replace(b'"scan"', b'"plan"'), "it is a report of kind 'plan', not of a scan"),
    "newer": (
        GOOD.replace(b'"schema_version": "1"', b'"schema_version": "2"'),
        "it has schema version 2 of doctor 0.1.0, and this doctor reads version 1: update this doctor",
    ),
    "newer and different": (
        b'{"schema_version": "2", "kind": "scan", "doctor": "3.0", "host": 7}',
        "it has schema version 2 of doctor 3.0, and this doctor reads version 1: update this doctor",
    ),
    "older": (
        b'{"schema_version": "0", "host": {}}',
        "it has schema version 0, and this doctor reads version 1: scan the host again",
    ),
    "no verdict": (b'{"schema_version": "1", "kind": "scan"}', "it is not a complete report: object missing required"),
    "an unknown verdict": (GOOD.replace(b'"healthy"', b'"fine"', 1), "its verdict 'fine' is unknown to this doctor"),
    "no name": (GOOD.replace(b'"name": "a"', b'"name": " "'), "it names no host"),
    "no time": (GOOD.replace(b'"started": "20', b'"started": "x'), "is not a date"),
    "gzip, truncated": (gzip.compress(GOOD)[:-9], "its gzip data is truncated: copy it again"),
    "gzip, corrupt": (gzip.compress(GOOD)[:12] + b"\xff" * 60, "its gzip data is corrupt"),
    "xz": (b"\xfd7zXZ\0abc", "it is compressed with xz: unpack it, or compress it with gzip"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "it is not JSON"),
    "NUL": (b"\0" * 4096, "it is not JSON"),
}


@pytest.mark.parametrize(("raw", "reason"), BAD.values(), ids=BAD)
def test_a_bad_file_is_named_with_the_reason(tmp_path: Path, raw: bytes, reason: str) -> None:
    write(tmp_path, healthy("a"))
    (tmp_path / "b.json").write_bytes(raw)
    found = merged(tmp_path)
    assert [path for path, _ in found.unread] == [str(tmp_path / "b.json")]
    assert reason in found.unread[0][1]
    assert found.exit_code == 3


@pytest.mark.parametrize("level", [1, 9])
def test_compressed_reports_are_read(tmp_path: Path, level: int) -> None:
    """By their content, whatever the name; several members, too."""
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(GOOD[:50], level) + gzip.compress(GOOD[50:], level))
    (tmp_path / "b").write_bytes(gzip.compress(json.dumps(healthy("b")).encode()))
    assert [host.title for host in merged(tmp_path).hosts] == ["a", "b"]


def test_a_bomb_does_not_go_off(tmp_path: Path) -> None:
    """Many megabytes of nothing in a few kilobytes, and in a member after the first: no more than the limit is unpacked."""
    limit = 1 << 20
    packed = gzip.compress(bytes(50 << 20))
    for raw in (packed, gzip.compress(b"{}") + packed):
        (tmp_path / "bomb").write_bytes(raw)
        tracemalloc.start()
        with pytest.raises(FormatError, match="it unpacks to more than 1 MiB"):
            reading.content(str(tmp_path / "bomb"), limit)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 6 * limit


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FormatError, match="it is larger than 16 MiB"):
        reading.content(str(tmp_path / "huge.json"))


def test_pipes_and_sockets_do_not_block(tmp_path: Path) -> None:
    """A named pipe without a writer, a socket, a device, links in a circle and to nowhere."""
    write(tmp_path, healthy("a"))
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    (tmp_path / "null").symlink_to("/dev/null")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nowhere").symlink_to("nothing")
    found = {os.path.basename(path): reason for path, reason in merged(tmp_path).unread}
    assert found == {
        "pipe": "it is a named pipe, not a file",
        "socket": os.strerror(errno.ENXIO).lower(),
        "null": "it is a character device, not a file",
        "circle": os.strerror(errno.ELOOP).lower(),
        "nowhere": os.strerror(errno.ENOENT).lower(),
    }


def test_a_link_to_a_directory_is_not_followed(tmp_path: Path) -> None:
    """It may lead to the whole disk; one that leads to what is read anyway costs nothing."""
    top = write(tmp_path / "top", healthy("a"))
    write(tmp_path / "outside", healthy("b"))
    (top / "self").symlink_to(top)
    (top / "latest").symlink_to("self")
    assert merged(top).unread == ()
    (top / "out").symlink_to(tmp_path / "outside")
    found = merged(top)
    assert found.unread == ((str(top / "out"), "a link to a directory is not followed: name the directory itself"),)
    assert [host.title for host in found.hosts] == ["a"]
    assert len(merged(top, tmp_path / "outside").hosts) == 2


def test_one_file_by_several_names_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "r", healthy("a"))
    (tmp_path / "r" / "link.json").symlink_to("0000.json")
    os.link(tmp_path / "r" / "0000.json", tmp_path / "r" / "other.json")
    assert merged(tmp_path / "r", tmp_path, tmp_path / "r" / "0000.json").read == 1


def test_other_formats_and_hidden_files_are_counted(tmp_path: Path) -> None:
    """An HTML report beside the JSON one, an unfinished copy of rsync."""
    write(tmp_path, healthy("a"))
    (tmp_path / "a.html").write_text("<p>")
    (tmp_path / ".a.json.Xy12").write_text("{")
    found = merged(tmp_path)
    assert found.unread == ()
    assert "1 file of other formats left out (.html, .txt, .prom, …)" in found.notes
    assert "1 hidden file left out" in found.notes
    assert merged(tmp_path / "a.html").unread, "a file that was named itself is never left out"


def test_a_place_that_does_not_exist_is_named(tmp_path: Path) -> None:
    found = merged(write(tmp_path / "r", healthy("a")), tmp_path / "gone")
    assert found.unread == ((str(tmp_path / "gone"), "no such file or directory"),)


def test_a_name_that_is_no_text_is_shown(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m\n.json"
    with open(path, "wb") as file:
        file.write(b"{")
    assert merged(tmp_path).unread[0][0].endswith(r"/caf\xe9\x1b[31m\n.json")


def test_a_report_that_is_being_read_may_grow(tmp_path: Path) -> None:
    """A file of /proc has no size at all."""
    assert b"processor" in reading.content("/proc/cpuinfo")
    assert merged(write(tmp_path, report("a"))).read == 1
