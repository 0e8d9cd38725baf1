"""Where a containerd that is a service keeps its files: command line, settings, imports, and what of them can't be read."""

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.containerd.service import containerd_service as collect
from doctor.collect.databases.databases import service_database
from doctor.collect.engine.control import engine_control
from doctor.engines.containerd.places import CONFIG, SOCKET
from doctor.engines.containerd.places import DEFAULT_ROOT as ROOT
from doctor.engines.containerd.places import SERVICE as UNIT
from doctor.facts.config.engine import DaemonJson, EffectiveSetting, EngineConfig, EngineFlags
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.state import EngineAnswer
from doctor.facts.host.processes import Processes
from doctor.formats.config import containerd_toml
from doctor.host.recorded import RootHost
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.process import Process

NOBODY = Missing(Why.UNSUPPORTED, "a mounted disk has no processes")


def config(**settings: str) -> EngineConfig:
    """The engine's settings."""
    return EngineConfig(
        settings={key: EffectiveSetting(value=value, origin="flag") for key, value in settings.items()},
        flags=EngineFlags(launcher="", launcher_file="", configured=(), running=None),
        json=DaemonJson(path=HostPath("/etc/docker/daemon.json")),
    )


def process(pid: int, *argv: str, ppid: int = 1) -> Process:
    """A process of root."""
    return Process(pid=pid, ppid=ppid, start_ticks=pid, state="S", comm="containerd", exe=argv[0], argv=argv)


def look(top: Path, files: Mapping[str, str | bytes], *running: Process, **settings: str) -> ContainerdService:
    """Return the service of a host with these files and processes; one without processes is a mounted disk."""
    (top / "srv/a").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = top / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return collect(RootHost(str(top)), Processes(items=running) if running else NOBODY, config(**settings))


def test_without_settings_the_built_in_places_hold(tmp_path: Path) -> None:
    """Nothing of it need be there."""
    found = look(tmp_path, {})
    assert (found.top, found.origin, found.exists, found.roots, found.gaps) == (ROOT, "", False, (), ())


def test_a_file_sets_the_root(tmp_path: Path) -> None:
    """A link is followed once; the state directory is another setting."""
    (tmp_path / "data").symlink_to("srv/a")
    found = look(
        tmp_path, {CONFIG: 'version = 2\n# root = "/x"\nroot = "/data/"\nstate = \'/run/c\'\n[grpc]\n  uid = 0\n'}
    )
    assert (found.top, found.resolved, found.state, found.origin) == ("/data", "/srv/a", "/run/c", f"{CONFIG}:3")
    assert found.roots == ("/data", "/srv/a")


@pytest.mark.parametrize(
    ("flags", "root", "origin"),
    [
        (("--root", "/srv/a"), "/srv/a", "process 7: --root"),
        (("-root=/srv/../srv/a",), "/srv/a", "process 7: --root"),
        (("--root", "/x", "--root=/srv/a"), "/srv/a", "process 7: --root"),
        (("--config", "/etc/mine.toml"), "/mine", "/etc/mine.toml:1"),
        (("-c=/etc/mine.toml", "-l", "debug"), "/mine", "/etc/mine.toml:1"),
        (("--root=",), "/file", f"{CONFIG}:1"),
        ((), "/file", f"{CONFIG}:1"),
    ],
)
def test_a_flag_wins_over_the_file(tmp_path: Path, flags: tuple[str, ...], root: str, origin: str) -> None:
    """As containerd's applyFlags does it; the last of several counts, an empty one does not."""
    files = {CONFIG: 'root = "/file"\n', "/etc/mine.toml": 'root = "/mine"\n'}
    found = look(tmp_path, files, process(1, "/sbin/init"), process(7, "/usr/bin/containerd", *flags))
    assert (found.top, found.origin) == (root, origin)
    assert [one.pid for one in found.running] == [7]


def test_what_is_no_service_says_nothing(tmp_path: Path) -> None:
    """The engine's own, one of another program with its own socket, and a client command."""
    others = (
        process(3, "/usr/bin/dockerd"),
        process(
            4, "/usr/bin/containerd", "--config", "/var/run/docker/containerd/containerd.toml", "--root=/x", ppid=3
        ),
        process(5, "/usr/bin/containerd", "--address", "/run/k3s/c.sock", "--root=/k3s"),
        process(6, "/usr/bin/containerd", "--root=/y", "config", "dump"),
    )
    found = look(tmp_path, {}, *others)
    assert (found.top, found.running) == (ROOT, ())
    found = look(tmp_path, {}, *others, containerd="unix:///run/k3s/c.sock")
    assert (found.top, [one.pid for one in found.running]) == ("/k3s", [5])


def test_the_socket_of_the_settings_shows_which_it_is(tmp_path: Path) -> None:
    """``/var/run`` is ``/run``; up to version 3 the address stands in a table of its own, later in a plugin's."""
    old: dict[str, str] = {CONFIG: 'root = "/srv/a"\n[grpc]\n  address = "/run/c.sock"\n[ttrpc]\n  address = "/x"\n'}
    new: dict[str, str] = {
        CONFIG: 'version = 4\nroot = "/srv/a"\n[plugins."io.containerd.server.v1.grpc"]\naddress = "/run/c.sock"\n'
    }
    for files in (old, new):
        found = look(tmp_path, files, process(7, "/usr/bin/containerd"), containerd="/var/run/c.sock")
        assert (found.top, [one.socket for one in found.running]) == ("/srv/a", ["/run/c.sock"])


def test_a_later_import_wins(tmp_path: Path) -> None:
    """A pattern is in order of names, a relative path begins at the file that names it, and nothing is read twice."""
    files = {
        CONFIG: 'root = "/main"\nimports = ["conf.d/*.toml", "/etc/containerd/config.toml"]\n',
        "/etc/containerd/conf.d/10.toml": 'root = "/ten"\n',
        "/etc/containerd/conf.d/20.toml": 'root = "/srv/a"\nimports = ["10.toml", "30.tml"]\n',
        "/etc/containerd/conf.d/30.tml": 'root = ""\nstate = "/run/x"\n',
    }
    found = look(tmp_path, files)
    assert (found.top, found.state, found.origin) == ("/srv/a", "/run/x", "/etc/containerd/conf.d/20.toml:1")
    assert (found.problem, found.gaps) == ("", ())


def test_an_import_that_is_not_there(tmp_path: Path) -> None:
    """Containerd does not start without it; a pattern without a match adds no file."""
    found = look(tmp_path, {CONFIG: 'imports = ["none/*.toml", "gone.toml"]\n'})
    assert (found.where, found.problem, found.top) == ("/etc/containerd/gone.toml", "no such file", ROOT)


def test_the_unit_says_it_where_nothing_runs(tmp_path: Path) -> None:
    """A drop-in counts, and a variable of it."""
    files = {
        f"/usr/lib/systemd/system/{UNIT}": "[Service]\nExecStart=/usr/bin/containerd\n",
        f"/etc/systemd/system/{UNIT}.d/a.conf": "[Service]\nEnvironment=AT=/srv/a\n"
        "ExecStart=\nExecStart=/usr/bin/containerd --root ${AT}\n",
        CONFIG: 'root = "/file"\n',
    }
    found = look(tmp_path, files)
    assert (found.top, found.exists, found.origin) == ("/srv/a", True, f"{UNIT}: --root")


@pytest.mark.parametrize(
    ("content", "where", "root"),
    [
        (b'root = "/srv/a"\n[x]\ny = 1 2\n', f"{CONFIG}:3", "/srv/a"),
        (b"root = 5\n", CONFIG, ROOT),
        (b"root = /srv/a\n", f"{CONFIG}:1", ROOT),
        (b'root = "/srv/a\\u0000"\n', CONFIG, ROOT),
        (b'root = "/a"\nroot = "/b"\n', f"{CONFIG}:2", "/a"),
        (b"\0" * 4096, f"{CONFIG}:1", ROOT),
        (b'a = "\xff"\n', f"{CONFIG}:1", ROOT),
        (b"imports = 'x'\n", CONFIG, ROOT),
        (b'plugins = "x"\n', CONFIG, ROOT),
        (b"x = " + b"[" * 5000, CONFIG, ROOT),
        (b'root = "/srv/a"\nx = ' + b"1" * 5000, CONFIG, "/srv/a"),
        (b'root = "/srv/a"\nx' + b".y" * 50_000 + b" = 1", f"{CONFIG}:2", "/srv/a"),
        (b'root = "/srv/a"\nx = [\n  "1"\n  "2"\n', f"{CONFIG}:4", "/srv/a"),
    ],
)
def test_broken_settings(tmp_path: Path, content: bytes, where: str, root: str) -> None:
    """The readable part is used, with a gap; a flag does not need them."""
    found = look(tmp_path, {CONFIG: content})
    assert (found.where.split(":")[0], found.top) == (where.split(":", maxsplit=1)[0], root)
    assert found.where.startswith(where)
    assert found.problem
    assert [gap.why for gap in found.gaps] == [Why.UNDECODABLE]
    told = look(tmp_path, {}, process(7, "/usr/bin/containerd", "--root=/x", "-a", SOCKET))
    assert (told.top, told.gaps) == ("/x", ())


@pytest.mark.parametrize("kind", ["directory", "loop", "fifo", "huge", "imports itself", "imports many"])
def test_what_is_no_settings_file(tmp_path: Path, kind: str) -> None:
    """It ends, and the scan says what it did not see."""
    path = tmp_path / CONFIG.lstrip("/")
    path.parent.mkdir(parents=True)
    if kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to("config.toml")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "huge":
        with path.open("wb") as stream:
            stream.truncate(1 << 40)
    elif kind == "imports itself":
        path.write_text('imports = ["config.toml", "*.toml", "/etc/../etc/containerd/config.toml"]\n')
    else:
        path.write_text('imports = ["*/*/*.toml"]\n')
        for number in range(200):
            (path.parent / f"{number}/{number}").mkdir(parents=True)
            (path.parent / f"{number}/{number}/a.toml").touch()
    found = look(tmp_path, {})
    assert found.top == ROOT
    assert bool(found.gaps) is (kind != "imports itself")


def test_a_relative_root_begins_where_containerd_was_started(tmp_path: Path) -> None:
    """Systemd starts it in /; of a process its working directory shows it."""
    found = look(tmp_path, {CONFIG: 'root = "srv/a"\n'})
    assert (found.top, found.exists) == ("/srv/a", True)
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/cwd").symlink_to("/srv")
    found = look(tmp_path, {CONFIG: 'root = "x"\n'}, process(7, "/usr/bin/containerd", "--root", "./a"))
    assert found.top == "/srv/a"


def test_the_root_of_everything_is_no_root(tmp_path: Path) -> None:
    """Else each repair would stop containerd."""
    found = look(tmp_path, {CONFIG: 'root = "/"\n'})
    assert (found.roots, len(found.gaps)) == ((), 1)


def test_a_repair_stops_it_where_it_really_is(tmp_path: Path) -> None:
    """Its root is one that nobody may hold, its process one to stop, with its own socket; another's is left alone."""
    running = Processes(
        items=(
            process(7, "/usr/bin/containerd", "--root=/srv/a"),
            process(8, "/usr/bin/containerd", "--root=/k3s", "-a", "/run/k3s.sock"),
        )
    )
    found = look(tmp_path, {"run/containerd/containerd.sock": ""}, *running.items)
    answer = EngineAnswer(missing=NOBODY)
    control = engine_control(RootHost(str(tmp_path)), config(), running, answer, *[NOBODY] * 4, found, NOBODY, NOBODY)
    assert control.service_roots == ("/srv/a",)
    assert "/srv/a" in control.data_roots
    assert [(one.pid, one.socket) for one in control.containerd] == [(7, SOCKET)]


def test_the_engines_own_directory_is_judged_once(tmp_path: Path) -> None:
    """A service may be configured to use the directory of the engine's own containerd."""
    from doctor.facts.engine.data_root import DataRoot
    from doctor.scan.resolve import Facts

    top = "/var/lib/docker/containerd/daemon"
    (tmp_path / top.lstrip("/") / "io.containerd.metadata.v1.bolt").mkdir(parents=True)
    found = look(tmp_path, {CONFIG: f'root = "{top}"\n'})
    host = RootHost(str(tmp_path))
    root = Facts(host).get(DataRoot)
    assert found.resolved == root.at("containerd", "daemon")
    with pytest.raises(HostError) as error:
        service_database(host, found, root)
    assert error.value.is_absent


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    """A refusal is a `FormatError`; what is before the error can always be read."""
    with contextlib.suppress(FormatError):
        containerd_toml.read(data)
    containerd_toml.before_error(data)


@given(
    st.lists(
        st.sampled_from(
            [
                "state = '/s'",
                "version = 2",
                "# root = '/c'",
                "",
                "imports = []",
                "x = [1]",
                "disabled_plugins = ['cri']",
            ]
        ),
        unique=True,
    ),
    st.sampled_from(
        ["x = 1 2", "= 3", "y = [", "y = [\n 1", 'y = """', "state = 5", "\0", "[", "root = '/b'", "[p]\nz=1\n[p]"]
    ),
    st.sampled_from(["", "[grpc]", "imports = 5"]),
)
def test_all_before_an_error_is_read(before: list[str], error: str, after: str) -> None:
    """Settings before the line (or the unterminated value) that can't be read are used, and none after it."""
    lines = ["root = '/a'", *before]
    with pytest.raises(FormatError):
        containerd_toml.read("\n".join([*lines, error, after]).encode())
    found = containerd_toml.before_error("\n".join([*lines, error, after]).encode())
    assert found == containerd_toml.read("\n".join(lines).encode())


@pytest.mark.parametrize(
    "wrong", ["[[plugins]]", "state = 1", "grpc = 'x'", "[plugins]\n'io.containerd.server.v1.grpc' = 1"]
)
def test_a_setting_of_a_wrong_type_hides_no_other(wrong: str) -> None:
    """The file is refused, and its root is known."""
    data = f"version = 2\nroot = '/data'\n{wrong}\n".encode()
    with pytest.raises(FormatError):
        containerd_toml.read(data)
    assert containerd_toml.before_error(data).root == "/data"


def test_a_file_made_to_be_slow_is_refused() -> None:
    """The parser's time grows with the square of the parts of a key."""
    started = time.process_time()
    with pytest.raises(FormatError, match="more than 500 dots"):
        containerd_toml.read(b"root = '/a'\nroot" + b".a" * 100_000 + b" = 1\n")
    assert time.process_time() - started < 1
