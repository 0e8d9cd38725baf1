"""``doctor explain`` of a whole log: from standard input or a journal, however long or hostile it is."""

import os
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.cli.commands.explain import command as explain
from doctor.cli.commands.explain import given as explain_input
from doctor.cli.commands.explain import line as explain_line
from doctor.cli.common import SharedOptions
from doctor.facts.engine.log import blame, last_start
from doctor.host.base import CommandResult, Host
from doctor.host.recorded import RootHost
from doctor.model.errors import UsageError
from doctor.model.message import KnownMessage, Message
from doctor.model.message import explain as explain_text
from doctor.model.missing import HostError, Missing, Why
from doctor.plugins.catalog import Catalog
from doctor.plugins.load import load
from doctor.plugins.messages import table

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)
CATALOG = load()
TABLE = table(CATALOG)
LOGS = tomllib.loads((Path(__file__).parent / "logs.toml").read_text(encoding="utf-8"))["log"]
START = 'level=info msg="Starting up"'
PANIC = "panic: freepages: failed to get all reachable pages (page 3: multiple references)"
TIMEOUT = "failed to start containerd: timeout waiting for containerd to start"


def shown(*lines: str) -> tuple[str, str, bool]:
    """Return the check or topic that a log is explained by, its fatal line, and whether that is a later one."""
    found = blame(last_start(list(lines)), TABLE)
    best = found.shown.best if found.shown is not None else None
    return "" if best is None else best.topic or best.checks[0], found.fatal, found.is_earlier


def test_an_earlier_line_with_the_cause_is_shown_first() -> None:
    """The fatal line only names a symptom."""
    assert shown(START, PANIC, "level=info msg=stopping", TIMEOUT) == ("state/containerd-db-corrupt", TIMEOUT, True)
    assert shown(START, TIMEOUT) == ("engine/containerd-down", TIMEOUT, False)


def test_an_earlier_error_of_another_problem_is_not_the_cause() -> None:
    """It has to be among the causes of the fatal line."""
    other = 'level=error msg="error from daemon in stream: Error grabbing logs: unexpected EOF"'
    assert shown(START, other, TIMEOUT)[0] == "engine/containerd-down"


def test_a_general_line_is_not_the_cause_of_a_specific_one() -> None:
    """Both match the fatal line; the specific one remains."""
    fatal = (
        "failed to start daemon: Error initializing network controller: failed to create NAT chain DOCKER: iptables failed: "
        "iptables v1.8.10 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)"
    )
    before = 'level=warning msg="Failed to Setup IP tables: Unable to enable NAT rule"'
    assert shown(START, before, fatal)[0] == "firewall/variant-unsupported"


def test_only_the_last_start_and_only_trouble_count() -> None:
    """An information may contain the words of an error."""
    assert shown(START, "failed to start daemon: no space left on device", START, "all is well") == ("", "", False)
    assert shown(START, 'level=info msg="no space left on device"') == ("", "", False)
    assert shown('level=warning msg="No swap limit support"', 'level=error msg="x: no space left on device"')[0] == (
        "resources/disk-full"
    )


def test_an_unknown_fatal_line_is_shown_with_the_last_known_error() -> None:
    """Nothing is claimed about it."""
    fatal = "failed to start daemon: the flux capacitor is empty"
    assert shown(START, fatal) == ("", fatal, False)
    assert shown(START, "level=error msg=no space left on device", fatal) == ("resources/disk-full", fatal, True)


def test_each_program_of_a_log_of_several_units_has_its_own_last_start() -> None:
    """Containerd's later start does not hide the engine's error, and an error before the engine's start does not return."""
    old, new = "dockerd[7]: failed to start daemon: old", "dockerd[9]: failed to start daemon: no space left on device"
    own = "containerd[8]: panic: freepages: failed to get all reachable pages"
    lines = [
        f"dockerd[7]: {START}",
        old,
        own,
        'containerd[8]: level=info msg="starting containerd" revision=x',
        f"dockerd[9]: {START}",
        new,
        'containerd[10]: level=info msg="starting containerd" revision=x',
    ]
    kept = last_start([f"Nov 29 22:04:58 box {line}" for line in lines])
    assert [line[20:] for line in kept] == [f"dockerd[9]: {START}", new, lines[-1]]
    bare = [line.partition(": ")[2] for line in lines]
    assert last_start(bare) == bare[3:]
    assert last_start([bare[0], bare[1], bare[4], bare[5], bare[6]]) == bare[4:]


def test_an_answer_about_something_that_is_gone_is_not_the_cause() -> None:
    """A client that looks for a container whose start failed."""
    full = 'level=error msg="Handler for POST /v1.45/containers/web/start returned error: mkdir /var/lib/docker/x: no space left on device"'
    gone = 'level=error msg="Handler for GET /v1.45/containers/web/json returned error: No such container: web"'
    assert shown(full, gone)[0] == "resources/disk-full"
    assert shown(gone)[0] == "no such container"


def test_systemds_summary_is_not_the_cause() -> None:
    """It only states that the unit failed; the reason is before it. CRI without Kubernetes is harmless."""
    envfile = "docker.service: Failed to load environment files: No such file or directory"
    failed = "Failed to start docker.service - Docker Application Container Engine."
    assert shown(envfile, "docker.service: Failed with result 'resources'.", failed)[0] == (
        "config/environment-file-missing"
    )
    assert shown(failed)[0] == "engine/start-failure"
    cni = "cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized"
    assert shown(f'level=error msg="failed to load cni during init, please check" error="{cni}"')[0] == ""


def test_containerds_own_end_is_the_cause_of_an_engine_without_it() -> None:
    """Both lines are of the same check: the earlier one has the reason."""
    broken = "containerd: failed to load TOML: /etc/containerd/config.toml: (2, 1): unterminated array"
    fatal = 'failed to start daemon: failed to dial "/run/containerd/containerd.sock": context deadline exceeded'
    assert shown(START, broken, fatal) == ("containerd config", fatal, True)


def test_a_message_of_another_release_is_last() -> None:
    """Of two matches that end at the same place: the host's engine can't print the first; an unknown engine can."""
    old = KnownMessage(Message(pattern="quux failed badly", example="", means="old", until="24"), ("a/b",))
    new = KnownMessage(Message(pattern="failed badly", example="", means="new", since="25.0"), ("c/d",))
    for release, means in ((None, "old"), ((24, 0, 9), "old"), ((29, 0, 1), "new")):
        found = explain_text("quux failed badly", (old, new), release)
        assert found is not None
        assert found.best.message.means == means
        assert len(found.known) == 2


class Stdin:
    """Standard input from a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that makes a text the standard input, through a pipe that it closes or leaves open."""
    left: list[int] = []

    def fed(content: bytes, *, close: bool = True) -> None:
        reader, writer = os.pipe()
        left.append(reader)
        monkeypatch.setattr("sys.stdin", Stdin(reader))

        def write() -> None:
            for start in range(0, len(content), 1 << 16):
                os.write(writer, content[start : start + (1 << 16)])
            if close:
                os.close(writer)
            else:
                left.append(writer)

        threading.Thread(target=write, daemon=True).start()

    yield fed
    for descriptor in left:
        os.close(descriptor)


def test_a_piped_log_is_explained(feed: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """With "-" or without words; the cause first, then the fatal line."""
    for words in ("-", ""):
        feed(f"{START}\n{PANIC}\n{TIMEOUT}".encode())
        assert explain.run(words, PLAIN, elsewhere=True) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"Cause: {PANIC}")
        assert out.rstrip().endswith(f"Fatal line after it: {TIMEOUT}")
        assert "scan --select state/containerd-db-corrupt" in out


def test_a_wrapped_message_from_a_pipe_is_explained(
    feed: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal broke it over lines."""
    feed(
        b'docker: Error response from daemon: could not select\ndevice driver "" with\ncapabilities: [[gpu]].\n',
    )
    assert explain.run("-", PLAIN, elsewhere=True) == 0
    assert "NVIDIA" in capsys.readouterr().out


def test_a_hostile_log_is_bounded_and_harmless(feed: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """Of 12 MiB the last 4 count; escape sequences, NUL and undecodable bytes are shown escaped; secrets are masked."""
    noise = b"".join(
        b"error %d \x1b[2J\x00\xff %s\n" % (n, b"iptables failed: iptables DNAT " * 12) for n in range(30_000)
    )
    feed(
        noise + b'level=fatal msg="http://me:hunter2@proxy \x1b[31m\xe2\x80\xae: no space left on device"\n',
    )
    started = time.process_time()
    assert explain.run("-", PLAIN, elsewhere=True) == 0
    assert time.process_time() - started < 6
    out = capsys.readouterr().out
    assert "only the last 4 MiB of" in out
    assert "a disk is full" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "hunter2" not in out


def test_a_log_that_does_not_end_is_left(
    monkeypatch: pytest.MonkeyPatch, feed: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """As from ``journalctl -f``: the part that came is explained, and that is stated."""
    monkeypatch.setattr(explain_input, "_SECONDS", 0.3)
    feed(TIMEOUT.encode() + b"\n", close=False)
    assert explain.run("-", PLAIN, elsewhere=True) == 0
    assert "standard input did not end" in capsys.readouterr().out


def test_an_empty_log_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also /dev/null in a job of cron."""
    with open("/dev/null", "rb") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(UsageError, match="nothing to explain"):
            explain.run("", PLAIN)


class Journal(RootHost):
    """A host whose journal has these lines for each unit, or does not answer."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.lines: dict[str, str] = {}

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Answer journalctl."""
        assert not stdin
        if not self.lines:
            raise HostError(Missing(Why.TIMED_OUT, f"journalctl: no answer within {timeout_s:g} s"))
        return CommandResult(0, self.lines.get(argv[2], "").encode(), b"")


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Return a host with systemd, which the command examines."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    host = Journal(str(tmp_path))

    def opened(root: str) -> Host:
        assert root == ""
        return host

    monkeypatch.setattr("doctor.cli.common.open_host", opened)
    return host


def test_the_journal_of_the_engine_has_containerds_lines_too(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine only says that containerd did not start; containerd's own journal says why."""
    journal.lines = {"docker": f"{START}\n{TIMEOUT}\n", "containerd": f"starting\n{PANIC}\n"}
    assert explain.run("", PLAIN, unit="docker", elsewhere=True) == 0
    assert capsys.readouterr().out.startswith(f"Cause: {PANIC}")


def test_a_journal_that_hangs_or_is_empty_is_an_error_with_a_reason(journal: Journal) -> None:
    """And the name of something else never reaches the command line."""
    with pytest.raises(UsageError, match="no answer within"):
        explain.run("", PLAIN, unit="docker")
    journal.lines = {"x": "y"}
    with pytest.raises(UsageError, match="no lines of kubelet"):
        explain.run("", PLAIN, unit="kubelet")
    for unit in ("--vacuum-size=1", "a b", "x;y", "-u"):
        with pytest.raises(UsageError, match="is not the name of a unit"):
            explain.run("", PLAIN, unit=unit)
    with pytest.raises(UsageError, match="no text is needed"):
        explain.run("text", PLAIN, unit="docker")


def test_a_cause_that_this_host_has_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two checks of one line the one with a finding comes first, with the finding; the other has no mark."""
    etc = tmp_path / "etc/docker"
    etc.mkdir(parents=True)
    (etc / "daemon.json").write_text('{"ipv6": "yes"}')
    monkeypatch.setattr(explain_line, "open_host", lambda _: RootHost(str(tmp_path)))
    line = "unable to configure the Docker daemon with file /etc/docker/daemon.json: something else"
    assert explain.run(line, PLAIN) == 0
    out = capsys.readouterr().out.splitlines()
    marked = next(number for number, text in enumerate(out) if text.startswith("      found on this host: "))
    assert "config/wrong-type" in out[marked - 1]
    assert sum(text.startswith("  config/") for text in out[marked:]) == 3
    (etc / "daemon.json").write_text("{}")
    assert explain.run(line, PLAIN) == 0
    assert "found on this host" not in capsys.readouterr().out


def test_an_earlier_line_is_the_cause_only_if_this_host_does_not_deny_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    feed: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Containerd's modprobe fails where overlay is part of the kernel; the driver's name is this host's problem."""
    before = "modprobe: FATAL: Module overlay not found in directory /lib/modules/6.1.0"
    fatal = "failed to start daemon: error initializing graphdriver: driver not supported: nope"
    etc = tmp_path / "etc/docker"
    etc.mkdir(parents=True)
    monkeypatch.setattr(explain_line, "open_host", lambda _: RootHost(str(tmp_path)))
    for settings, first in (('{"storage-driver": "nope"}', f"Line: {fatal}"), ("{}", f"Cause: {before}")):
        (etc / "daemon.json").write_text(settings)
        feed(f"{START}\n{before}\n{fatal}".encode())
        assert explain.run("-", PLAIN) == 0
        assert capsys.readouterr().out.startswith(first)


def test_a_check_that_crashes_is_no_all_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has examined nothing, so the host is not said to be free of the problem."""
    area = tmp_path / "acme_crash/checks/area"
    area.mkdir(parents=True)
    for package in (area, area.parent, area.parent.parent):
        (package / "__init__.py").touch()
    (area / "problem.py").write_text(
        "from collections.abc import Iterator\n"
        "from doctor.api import Finding, Message, Severity, check\n"
        "@check(severity=Severity.ERROR, messages=(Message(pattern='acme fell', example='acme fell', means='it fell'),))\n"
        "def problem() -> Iterator[Finding]:\n"
        "    'A problem.'\n"
        "    raise RuntimeError\n"
        "    yield\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    catalog = Catalog()
    catalog.add("checks", "acme_crash.checks", "acme")
    assert explain_line.show_text("acme fell", catalog, PLAIN, is_here=True) == 0
    assert "but 1 check could not examine everything" in capsys.readouterr().out


def test_a_topic_is_found_by_each_name(capsys: pytest.CaptureFixture[str]) -> None:
    """In any case and spacing; with its remedy and source."""
    for name in ("commit", "systemd in a container", "Exit  137", "dind", "rootless", "'snap'"):
        assert explain.run(name, PLAIN, elsewhere=True) == 0
        out = capsys.readouterr().out
        assert "Do: " in out
        assert "Source: https://" in out


@pytest.mark.parametrize("log", LOGS, ids=[one["id"] for one in LOGS])
def test_a_log_of_a_public_thread_is_explained_by_its_cause(log: dict[str, str]) -> None:
    """The line that ended the program is found, and the line with the cause comes first."""
    first, fatal, _ = shown(*log["text"].strip("\n").split("\n"))
    assert first == log["first"]
    assert log["fatal"] in fatal
    assert bool(fatal) == bool(log["fatal"])


def test_a_panic_without_a_meaning_is_explained_by_its_functions() -> None:
    """Only lines of the trace are read with it, and an unknown panic remains unknown."""
    panic = "dockerd[9]: panic: runtime error: index out of range"
    assert (
        shown(panic, "goroutine 1 [running]:", "go.etcd.io/bbolt.(*Cursor).seek(0x1)")[0]
        == "state/containerd-db-corrupt"
    )
    assert shown(panic, 'level=info msg="go.etcd.io/bbolt.v1 is used"')[0] == ""
    assert shown(panic, *["main.main()"] * 40, "go.etcd.io/bbolt.(*Cursor).seek(0x1)")[0] == ""
