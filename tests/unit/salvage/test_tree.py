"""A directory as a tar, read back by Python's own tarfile."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.paths import HostPath
from doctor.salvage.layer import UnprovenError
from doctor.salvage.tree import TreeTar


def packed(top: Path, *, is_layer: bool = False) -> tuple[TreeTar, tarfile.TarFile]:
    """The tar of a directory, and the maker."""
    tree = TreeTar(RootHost(str(top.parent)), HostPath(f"/{top.name}"), is_layer=is_layer)
    content = b"".join(tree.pieces())
    assert len(content) <= tree.size()
    return tree, tarfile.open(fileobj=io.BytesIO(content), errors="surrogateescape")


def test_all_that_a_file_has(tmp_path: Path) -> None:
    """Content, mode, owner, time to the nanosecond, links, FIFOs, names that are not UTF-8 and long ones."""
    top = tmp_path / "data"
    (top / "deep" / ("d" * 90) / ("e" * 90)).mkdir(parents=True)
    long = top / "deep" / ("d" * 90) / ("e" * 90) / "file"
    long.write_bytes(b"x" * 1000)
    odd = os.fsencode(str(top)) + b"/caf\xe9"
    with open(odd, "wb") as stream:
        stream.write(b"odd")
    os.link(odd, top / "same")
    (top / "link").symlink_to("/etc/passwd")
    os.mkfifo(top / "fifo", 0o640)
    os.chmod(long, 0o4711)
    os.utime(long, ns=(0, 1_700_000_000_123_456_789))
    tree, tar = packed(top)
    names = {member.name: member for member in tar}
    assert tree.skipped == []
    found = names[str(long.relative_to(top))]
    assert (found.mode, found.uid, found.size) == (0o4711, os.getuid(), 1000)
    assert found.pax_headers["mtime"] == "1700000000.123456789"
    assert tar.extractfile(found).read() == b"x" * 1000  # type: ignore[union-attr] # a file has one
    assert names["caf\udce9"].isreg()
    assert (names["same"].islnk(), names["same"].linkname) == (True, "caf\udce9")
    assert (names["link"].issym(), names["link"].linkname) == (True, "/etc/passwd")
    assert names["fifo"].isfifo()
    assert names["."].isdir()


def test_extended_attributes(tmp_path: Path) -> None:
    """As GNU tar and Docker write them; bytes that are not text are kept."""
    top = tmp_path / "data"
    top.mkdir()
    (top / "file").write_bytes(b"")
    try:
        os.setxattr(top / "file", "user.raw", b"\x00\xff=\n1")
    except OSError:
        pytest.skip("this file system has no user attributes")
    _, tar = packed(top)
    value = tar.getmember("file").pax_headers["SCHILY.xattr.user.raw"]
    assert value.encode("utf-8", "surrogateescape") == b"\x00\xff=\n1"


@pytest.mark.skipif(os.geteuid() != 0, reason="devices and trusted attributes need root")
def test_whiteouts_of_a_writable_layer(tmp_path: Path) -> None:
    """A removed file, a directory that hides what is below, and a device that is a device."""
    top = tmp_path / "diff"
    (top / "hidden").mkdir(parents=True)
    try:
        os.mknod(top / "removed", 0o20000, os.makedev(0, 0))
        os.mknod(top / "null", 0o20666, os.makedev(1, 3))
        os.setxattr(top / "hidden", "trusted.overlay.opaque", b"y")
    except OSError as error:
        pytest.skip(f"no devices or trusted attributes here: {error}")
    _, tar = packed(top, is_layer=True)
    assert set(tar.getnames()) == {".", "hidden", "hidden/.wh..wh..opq", ".wh.removed", "null"}
    assert tar.getmember("null").ischr()
    assert (
        tar.getmember("hidden").pax_headers == {}
        or "SCHILY.xattr.trusted.overlay.opaque" not in tar.getmember("hidden").pax_headers
    )
    _, plain = packed(top)
    assert {"removed", "null"} <= set(plain.getnames()), "in a volume a device is a device"


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnprovenError, match="no such file"):
        packed(tmp_path / "nothing")
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(UnprovenError):
        packed(tmp_path / "link")
