"""Files beneath a root: no path leads out of it, nothing but a regular file is opened, and each failure has its reason.

The tree is a real one; openat2(2) resolves it where the kernel has it. Kernels before 5.6 do not: those walk component by
component, and must refuse no less.
"""

import errno
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.host import files
from doctor.host.noted import NotedHost
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.step import Directory, File, Meta, Move, Put, Symlink

NOBODY = 65534


@pytest.fixture(params=["openat2", "old kernel"])
def top(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root directory with a secret beside it, on a kernel with openat2(2) and on one without."""
    if request.param == "old kernel":

        def missing(*_: object) -> int:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        monkeypatch.setattr(files, "openat2", missing)
    (tmp_path / "secret").write_text("of the machine that examines")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/file").write_bytes(b"content")
    return root


def why(function: object, *arguments: object, **options: object) -> Why:
    """The reason for which a request fails."""
    with pytest.raises(HostError) as failed:
        function(*arguments, **options)  # type: ignore[operator]
    return failed.value.missing.why


ESCAPES = {
    "absolute": "{secret}",
    "upwards": "../../../../../../../../../../../..{secret}",
    "through a link": "up/secret",
}


@pytest.mark.parametrize("target", ESCAPES.values(), ids=ESCAPES)
def test_no_link_leads_out(top: Path, target: str) -> None:
    """A link to a file of the examining machine is a link into the root: nothing is there."""
    secret = top.parent / "secret"
    (top / "etc/up").symlink_to(top.parent)
    (top / "etc/link").symlink_to(target.format(secret=secret))
    host = RootHost(str(top))
    for follow in (True, False):
        assert why(host.read, HostPath("/etc/link"), follow=follow) in {Why.ABSENT, Why.UNDECODABLE}
        assert why(host.read, HostPath("/etc/up/secret"), follow=follow) in {Why.ABSENT, Why.UNDECODABLE}
        assert why(host.lstat, HostPath("/etc/up/secret"), follow=follow) in {Why.ABSENT, Why.UNDECODABLE}
        assert why(host.listdir, HostPath("/etc/up"), follow=follow) in {Why.ABSENT, Why.UNDECODABLE}
    assert not host.exists(HostPath("/etc/up/secret"))


def test_dots_do_not_lead_out(top: Path) -> None:
    """Two dots at the root stay there, as chroot(2) has it; an old kernel refuses them."""
    host = RootHost(str(top))
    assert answer(host, "read", HostPath("/../../../etc/file")) in (
        b"content",
        Missing(Why.UNREADABLE, f"/../../../etc/file: {os.strerror(errno.EXDEV).lower()}"),
    )
    assert not host.exists(HostPath("/../secret"))
    assert host.resolve(HostPath("/../../secret")) == "/secret"


def make(path: Path, kind: str) -> None:
    """Put a node that is not a regular file."""
    if kind == "a directory":
        path.mkdir()
    elif kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "a loop":
        path.symlink_to(path.name)
    elif kind == "a device":
        if os.geteuid():
            pytest.skip("makes a device: needs root")
        os.mknod(path, 0o20666, os.makedev(1, 5))
    else:
        here = os.open(path.parent, os.O_PATH)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


@pytest.mark.parametrize("kind", ["a directory", "a FIFO", "a loop", "a device", "a socket"])
def test_nothing_but_a_regular_file_is_read(top: Path, kind: str) -> None:
    """At once, and with the name of the file: a FIFO without a writer would block, /dev/zero never ends."""
    make(top / "etc/node", kind)
    host = RootHost(str(top))
    path = HostPath("/etc/node")
    started = time.monotonic()
    for read in (host.read, host.open_fd):
        for follow in (True, False):
            with pytest.raises(HostError) as failed:
                read(path, follow=follow)
            missing = failed.value.missing
            # A socket can't be opened at all: ENXIO.
            assert missing.why is (Why.UNREADABLE if kind == "a socket" else Why.UNDECODABLE)
            assert "/etc/node" in missing.reason
            assert missing.path in {"", path}
    assert time.monotonic() - started < 1
    assert (
        host.lstat(path).kind
        == {"a directory": "d", "a FIFO": "p", "a loop": "l", "a device": "c", "a socket": "s"}[kind]
    )


def test_a_file_above_the_limit_is_refused_and_not_cut(top: Path) -> None:
    """One at the limit is read; sparse gigabytes cost nothing."""
    path = HostPath("/etc/large")
    host = RootHost(str(top))
    for size, limit in ((100_000, 100_000), (0, 1), (4095, 4095), (4096, 4096), (65_536, 65_536), (65_537, 65_537)):
        (top / "etc/large").write_bytes(b"x" * size)
        assert len(host.read(path, limit_bytes=limit)) == size
        if size > 4096:
            assert why(host.read, path, limit_bytes=limit - 1) is Why.UNDECODABLE
    os.truncate(top / "etc/large", 1 << 40)
    started = time.monotonic()
    assert why(host.read, path) is Why.UNDECODABLE
    assert time.monotonic() - started < 5


@pytest.fixture
def nobody() -> Iterator[None]:
    """An unprivileged user."""
    if os.geteuid():
        pytest.skip("changes its user: needs root")
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)
    os.setegid(0)


def test_denied_is_not_absent(top: Path, request: pytest.FixtureRequest) -> None:
    """A file and a directory of somebody else: denied; a missing name beside them: absent; and one in it: denied."""
    (top / "etc/shadow").write_text("x")
    (top / "etc/shadow").chmod(0)
    (top / "etc/private").mkdir(mode=0o700)
    (top / "etc/private/there").write_text("x")
    host = RootHost(str(top))
    request.getfixturevalue("nobody")
    for name in ("shadow", "private/there", "private/not-there"):
        assert why(host.read, HostPath(f"/etc/{name}")) is Why.DENIED, name
    assert why(host.listdir, HostPath("/etc/private")) is Why.DENIED
    assert why(host.lstat, HostPath("/etc/private/there")) is Why.DENIED
    assert why(host.read, HostPath("/etc/not-there")) is Why.ABSENT
    assert host.lstat(HostPath("/etc/shadow")).size == 1


def test_where_links_are_not_followed_a_link_above_is_refused(top: Path) -> None:
    """In a tree that a container controls, a link above a file does not lead to another file."""
    (top / "data").mkdir()
    (top / "data/link").symlink_to("../etc")
    host = RootHost(str(top))
    path = HostPath("/data/link/file")
    asks = (host.read, host.lstat, host.open_fd)
    assert {why(ask, path, follow=False) for ask in asks} <= {Why.UNDECODABLE}
    for ask in (host.birth, host.xattrs, host.flags, host.is_mount_point):
        assert why(ask, path) is Why.UNDECODABLE
    assert why(host.listdir, HostPath("/data/link"), follow=False) is Why.UNDECODABLE
    assert why(host.readlink, HostPath("/data/link/file"), follow=False) is Why.UNDECODABLE


NAMES = {"not UTF-8": b"caf\xe9", "a newline": b"a\nb", "escapes": b"\x1b[31m", "long": b"x" * 255, "blanks": b" "}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_is_listed_and_read(top: Path, name: bytes) -> None:
    """Names are bytes that the file system accepts; none is lost or changed on the way."""
    (top / "names").mkdir()
    with open(os.path.join(os.fsencode(top), b"names", name), "wb") as stream:
        stream.write(name)
    host = RootHost(str(top))
    (listed,) = host.listdir(HostPath("/names"))
    assert os.fsencode(listed) == name
    assert list(host.scandir(HostPath("/names"))) == [(listed, "f")]
    assert host.read(HostPath(f"/names/{listed}")) == name


def test_paths_are_resolved_within_the_root(top: Path) -> None:
    """Through links in a chain; a dangling target is kept, and a loop ends."""
    (top / "var").mkdir()
    (top / "var/run").symlink_to("/run")
    (top / "run").mkdir()
    (top / "etc/a").symlink_to("b")
    (top / "etc/b").symlink_to("../var/run/c")
    (top / "etc/loop").symlink_to("loop")
    host = RootHost(str(top))
    assert host.resolve(HostPath("/etc/a")) == "/run/c"
    assert host.resolve(HostPath("/var/run/docker.sock")) == "/run/docker.sock"
    assert host.resolve(HostPath("/etc/./file")) == "/etc/file"
    assert host.resolve(HostPath("/")) == "/"
    assert why(host.resolve, HostPath("/etc/loop")) is Why.UNDECODABLE


def test_a_host_that_is_closed_answers_nothing_more(top: Path) -> None:
    """The root can be unmounted; a request then is an error of the host, not of Python."""
    host = RootHost(str(top))
    assert host.read(HostPath("/etc/file")) == b"content"
    host.close()
    assert why(host.read, HostPath("/etc/file")) is Why.UNREADABLE


@pytest.mark.parametrize("kind", [OverlayHost, NotedHost])
def test_what_stands_over_a_host_answers_as_the_host(top: Path, kind: type[OverlayHost] | type[NotedHost]) -> None:
    """A prediction without steps, and a host whose requests are noted: each request, also the refusals with their words."""
    (top / "etc/link").symlink_to("file")
    (top / "etc/loop").symlink_to("loop")
    os.mkfifo(top / "etc/fifo")
    host = RootHost(str(top))
    seen = kind(host)
    for name in ("/etc", "/etc/file", "/etc/link", "/etc/loop", "/etc/fifo", "/etc/none", "/etc/file/x", "/"):
        path = HostPath(name)
        for ask in ASKS:
            assert answer(seen, ask, path) == answer(host, ask, path), (ask, name)
    for ask, one in (("run", ("iptables-save",)), ("engine", "/info"), ("environ", 1)):
        assert answer(seen, ask, one) == answer(host, ask, one), ask
    assert (seen.is_live(), seen.root, seen.name) == (host.is_live(), host.root, host.name)


def test_a_prediction_is_what_the_steps_make(tmp_path: Path) -> None:
    """The same changes on the disk, by the system's own calls: every request has the same answer, but for inode and time."""
    top, before = tmp_path / "after", tmp_path / "before"
    for root in (top, before):
        (root / "etc").mkdir(parents=True)
        (root / "etc/file").write_bytes(b"content")
    seen = OverlayHost(RootHost(str(before)))
    for step in (
        Put(path="/etc/new", node=File(content=b"x" * 10), meta=Meta(mode=0o600)),
        Put(path="/etc/link", node=Symlink(target="new")),
        Put(path="/etc/dir", node=Directory(), meta=Meta(mode=0o711)),
        Move(path="/etc/file", to="/etc/dir/moved"),
        Put(path="/etc/dir/deeper", node=Directory(), meta=Meta(mode=0o700)),
        Move(path="/etc/dir", to="/other"),
    ):
        seen.apply(step)
    (top / "etc/new").write_bytes(b"x" * 10)
    (top / "etc/new").chmod(0o600)
    (top / "etc/link").symlink_to("new")
    (top / "etc/dir").mkdir()
    (top / "etc/dir").chmod(0o711)
    (top / "etc/file").rename(top / "etc/dir/moved")
    (top / "etc/dir/deeper").mkdir(mode=0o700)
    (top / "etc/dir").rename(top / "other")
    real = RootHost(str(top))
    for name in (
        "/",
        "/etc",
        "/etc/new",
        "/etc/link",
        "/etc/dir",
        "/etc/file",
        "/other",
        "/other/moved",
        "/other/deeper",
        "/other/none",
    ):
        path = HostPath(name)
        for ask in ("read", "readlink", "listdir", "resolve", "exists"):
            predicted, found = answer(seen, ask, path), answer(real, ask, path)
            both = isinstance(predicted, Missing) and isinstance(found, Missing)
            assert predicted == found or both, (ask, name, predicted, found)
        one, other = answer(seen, "lstat", path), answer(real, "lstat", path)
        assert getattr(one, "kind", "") == getattr(other, "kind", ""), name
        if getattr(other, "kind", "") in {"f", "d"}:
            assert one.mode == other.mode, name  # type: ignore[attr-defined]


ASKS = (
    "read", "lstat", "readlink", "listdir", "resolve", "exists", "birth", "xattrs", "flags", "held", "is_mount_point", "statfs", "scandir",
)  # fmt: skip


def answer(host: object, ask: str, path: object) -> object:
    """The answers of a host, including refusals; free space changes between calls."""
    try:
        found = getattr(host, ask)(path)
        if ask == "scandir":
            return sorted(found)
    except HostError as error:
        return error.missing
    return (found.magic, found.size_bytes, found.files) if ask == "statfs" else found
