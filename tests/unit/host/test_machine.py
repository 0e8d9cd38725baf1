"""Commands and processes of the live machine: real programs, with odd names, odd output and no manners."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from doctor.host import commands, hung, processes
from doctor.host.live import LiveHost
from doctor.model.missing import HostError, Why
from doctor.model.paths import HostPath


def run(*argv: str, timeout_s: float = 10, stdin: bytes = b"") -> commands.CommandResult:
    return commands.run(argv, timeout_s=timeout_s, stdin=stdin)


def why(*argv: str, timeout_s: float = 10) -> Why:
    """The reason for which a command has no result."""
    with pytest.raises(HostError) as failed:
        run(*argv, timeout_s=timeout_s)
    assert argv[0] in failed.value.missing.reason
    return failed.value.missing.why


def test_a_result_is_what_the_program_did() -> None:
    """Exit code or signal, both outputs as bytes, and its input."""
    found = run("sh", "-c", "printf '\\377'; printf err >&2; exit 3")
    assert (found.exit, found.stdout, found.stderr) == (3, b"\xff", b"err")
    assert found.text == "\udcff"
    assert run("sh", "-c", "kill -9 $$").exit == -9
    assert run("cat", stdin=b"*filter\nCOMMIT\n").stdout == b"*filter\nCOMMIT\n"
    # Without input a program that reads gets the end at once.
    assert run("cat").stdout == b""


def test_words_are_no_shell() -> None:
    assert run("printf", "%s", "$(id); `id` *").stdout == b"$(id); `id` *"


def test_the_environment_is_the_same_for_every_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cron has no /usr/sbin in its path; a user's locale translates what is parsed; a preloaded library is code."""
    for name, value in {
        "PATH": "/nowhere",
        "LC_ALL": "de_DE.UTF-8",
        "LD_PRELOAD": "/tmp/x.so",
        "DOCKER_HOST": "x",
    }.items():
        monkeypatch.setenv(name, value)
    names = dict(line.split("=", 1) for line in run("env").text.splitlines())
    assert {*names} <= {"PATH", "LC_ALL", "LANG", "HOME", "TERM", "PWD", "SHLVL", "_"}
    assert (names["LC_ALL"], "/usr/sbin" in names["PATH"]) == ("C", True)


def test_times_of_rules_are_printed_in_utc() -> None:
    """The host's own zone has hours that exist twice; only nft prints times in it."""
    assert (run("printenv", "TZ", "nft").text, run("printenv", "TZ").text) == ("UTC\n", "")


def test_each_failure_has_its_reason(tmp_path: Path) -> None:
    """Not installed, not allowed, and not a program."""
    plain = tmp_path / "plain"
    plain.write_text("text")
    assert why("/nowhere/iptables") is Why.ABSENT
    assert why(str(plain)) is Why.DENIED
    plain.chmod(0o755)
    assert why(str(plain)) is Why.UNREADABLE


def test_a_command_that_hangs_costs_its_limit_and_leaves_nobody() -> None:
    """Its children hold the pipe and ignore signals; all of the group is gone, and nothing is waited for."""
    mark = f"86{os.getpid()}"
    started = time.monotonic()
    assert why("sh", "-c", f"trap '' TERM INT HUP; sleep {mark} & sleep {mark}; :", timeout_s=0.3) is Why.TIMED_OUT
    assert time.monotonic() - started < 3
    time.sleep(0.1)
    assert [one.pid for one in processes.read_all() if mark in one.argv and one.state != "Z"] == []


def test_endless_output_ends() -> None:
    """A program that prints without end is stopped by its time, one that prints much by its size."""
    assert why("yes", timeout_s=0.3) is Why.TIMED_OUT
    assert why("head", "-c", str((64 << 20) + 1), "/dev/zero", timeout_s=30) is Why.UNREADABLE


@pytest.fixture
def odd(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process whose name has what separates the fields of its status, and whose environment holds odd words."""
    program = tmp_path / "a) S 1 (b"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    environment = {b"PLAIN": b"1", b"EQUAL": b"a=b", b"LINES": b"a\nb", b"BYTES": b"\xff"}
    with subprocess.Popen([os.fsencode(program), b"60"], env=environment) as process:
        # exec(2) closes what Popen waits for before the new program has its environment.
        while not Path(f"/proc/{process.pid}/environ").read_bytes():
            time.sleep(0.01)
        yield process
        process.kill()


def test_a_process_is_read_whatever_its_name(odd: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    (found,) = [one for one in processes.read_all() if one.pid == odd.pid]
    assert (found.comm, found.ppid, found.uid) == ("a) S 1 (b", os.getpid(), os.geteuid())
    assert found.argv == (str(tmp_path / "a) S 1 (b"), "60")
    assert found.exe == found.argv[0]
    assert found.start_ticks == processes.start_ticks(odd.pid) > 0
    assert found.mount_namespace == os.readlink("/proc/self/ns/mnt")
    assert processes.are_there(frozenset({"a) S 1 (b"}))
    assert not processes.are_there(frozenset({"a) S 1", "no such process"}))


def test_an_environment_is_split_at_its_first_sign(odd: "subprocess.Popen[bytes]") -> None:
    assert processes.environ(odd.pid) == {"PLAIN": "1", "EQUAL": "a=b", "LINES": "a\nb", "BYTES": "\udcff"}


def test_a_process_without_an_owner_left_is_listed_and_has_no_secrets() -> None:
    """A zombie: its parent has not asked for its end. It has a name, and no program or words."""
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        (found,) = [one for one in processes.read_all() if one.pid == pid]
        assert (found.state, found.comm, found.exe, found.argv) == ("Z", "true", "", ())
    finally:
        os.waitpid(pid, 0)
    with pytest.raises(HostError) as gone:
        processes.environ(pid)
    assert gone.value.is_absent
    with pytest.raises(OSError, match="No such file"):
        processes.start_ticks(pid)


MOUNTS = {
    "22 1 0:20 / /mnt/nfs rw - nfs4 server:/x rw": ["/mnt/nfs"],
    "22 1 0:20 / /mnt/a\\040b rw shared:1 - fuse.sshfs x rw": ["/mnt/a b"],
    "22 1 0:20 / /mnt/s rw - smb3 //server/x rw": ["/mnt/s"],
    "22 1 0:20 / /proc/fs/nfsd rw - nfsd nfsd rw": [],
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw": [],
    "22 1 0:20 / /mnt/fuseless rw - overlay nfs rw": [],
    "garbage": [],
    "": [],
    " - nfs": [],
    "\0\xff - - fuse - -": [],
}


@pytest.mark.parametrize("line", MOUNTS)
def test_mounts_that_wait_for_others_are_known_by_their_kind(line: str) -> None:
    assert hung.mounts_that_wait(f"{line}\n") == MOUNTS[line]


def children() -> set[int]:
    """The children of this process, dead ones that nobody reaped included; earlier tests may have left some."""
    return {one.pid for one in psutil.Process().children()}


def test_a_process_that_asked_leaves_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mount is tried by a child; an answer and an error count, and nobody is left behind."""
    monkeypatch.setattr(hung, "mounts_that_wait", lambda _: ["/", "/nowhere"])
    before = children()
    assert hung.find(limit_s=5) == ()
    assert children() == before


def test_mounts_are_asked_with_many_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptors above 1,023, which select(2) can't watch."""
    monkeypatch.setattr(hung, "mounts_that_wait", lambda _: ["/"])
    held = [os.open("/", os.O_PATH)]
    try:
        while held[-1] < 1030:
            held.append(os.dup(held[0]))
        assert hung.find(limit_s=5) == ()
    finally:
        for descriptor in held:
            os.close(descriptor)


def test_a_mount_that_stays_silent_is_named_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child never returns, like stat(2) on the mount of a dead server."""
    monkeypatch.setattr(hung, "mounts_that_wait", lambda _: ["/mnt/dead", "/"])
    stat = os.stat
    started = time.monotonic()
    before = children()
    # The whole process uses os.stat, pytest too: it is changed for the call alone.
    with monkeypatch.context() as changed:
        changed.setattr(os, "stat", lambda path, **more: signal.pause() if path == "/mnt/dead" else stat(path, **more))
        silent = hung.find(limit_s=1)
    assert silent == ("/mnt/dead",)
    assert time.monotonic() - started < 5
    # It was killed and reaped: a zombie would stay as long as the process that asked.
    assert children() == before


def test_the_live_host_is_this_machine() -> None:
    """Each capability, once: files, commands, processes, clock; and an engine that is not there."""
    host = LiveHost()
    assert host.is_live()
    assert host.read(HostPath("/proc/self/comm"))
    assert host.run(("true",)).exit == 0
    assert os.getpid() in {one.pid for one in host.processes()}
    assert abs(host.now() - time.time()) < 60
    with pytest.raises(HostError):
        host.engine("/version", socket=HostPath("/nowhere/docker.sock"))


def test_a_root_without_proc_has_no_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list would mean that no engine holds the data root."""
    monkeypatch.setattr(processes, "_pids", list)
    with pytest.raises(HostError, match="/proc is not mounted"):
        processes.read_all()
