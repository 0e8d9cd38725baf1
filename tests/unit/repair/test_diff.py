"""The description of files in a plan: never a key that doctor only copies, never megabytes."""

from pathlib import Path

from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.model.step import File, Put
from doctor.repair.planning.diff import describe

KEY = b"-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n"


def shown(tmp_path: Path, path: str, content: bytes) -> str:
    """Return the plan's description of a new file."""
    return describe(Put(path=path, node=File(content=content)), OverlayHost(RootHost(str(tmp_path))), private=False)


def test_a_kept_copy_is_shown_by_its_size(tmp_path: Path) -> None:
    """The swarm's directory is copied with the node's key before a start erases it."""
    text = shown(tmp_path, "/var/lib/doctor/aside/swarm/certificates/swarm-node.key", KEY)
    assert text.endswith(f"new, {len(KEY)} bytes")
    assert "PRIVATE" not in text


def test_other_files_are_shown_line_by_line_if_they_are_text(tmp_path: Path) -> None:
    """A raft log made longer with zeros is valid UTF-8 and one line of 64 MiB: comparing that took minutes."""
    assert "+a line" in shown(tmp_path, "/etc/docker/daemon.json", b"a line\n")
    assert "binary" in shown(tmp_path, "/etc/x", b"x" + bytes(64 << 20))
    assert "long" in shown(tmp_path, "/etc/x", b"x" * (5 << 20))
