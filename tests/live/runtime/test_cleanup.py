"""Whatever ends the runtime, no process, cgroup or mount of its containers stays."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.runtime import runtime_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]


def until(condition: Callable[[], object], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def mine(name: str) -> list[Path]:
    return [path for path in kit.groups() if path.name.endswith(f"-{name}")]


def members(name: str) -> set[int]:
    return {int(pid) for path in mine(name) for pid in (path / "cgroup.procs").read_text().split()}


def test_nothing_stays_after_a_regular_end(root: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    assert kit.run("--name", "regular", root, "--", "sh", "-c", "sleep 100 & exit 0").returncode == 0
    assert mine("regular") == []
    assert Path("/proc/self/mountinfo").read_text() == mounts


@pytest.mark.parametrize("fault", ["no-layer", "no-command", "bad-volume", "no-bridge", "bad-user"])
def test_nothing_stays_after_a_failed_start(root: Path, fault: str) -> None:
    options, command = [root], "true"
    match fault:
        case "no-layer":
            options = ["--layers", "/nonexistent"]
        case "no-command":
            command = "nosuch"
        case "bad-volume":
            options = ["-v", "/nonexistent:/x", root]
        case "no-bridge":
            options = ["--bridge", "nobridge0", "--address", "10.9.0.2/24", root]
        case "bad-user":
            options = ["--user", "nobodyknows", root]
    done = kit.run("--name", fault, *options, "--", command)
    assert done.returncode in (125, 127)
    assert len(done.stderr.splitlines()) == 1
    assert mine(fault) == []


def test_sigkill_ends_the_container_and_the_next_start_sweeps(root: Path) -> None:
    """The container dies with its runtime; its cgroups are removed by the next runtime that starts."""
    argv = [*kit.PROGRAM, "run", "--name", "orphan", str(root), "--", "sh", "-c", "sleep 321 & sleep 321"]
    with subprocess.Popen(argv) as process:
        assert until(lambda: len(members("orphan")) == 3 or len(members("orphan")) == 2)
        pids = members("orphan")
        process.send_signal(signal.SIGKILL)
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids)), "the container outlived its runtime"
    assert mine("orphan"), "nothing to sweep: the test would prove nothing"
    assert kit.run(root, "--", "true").returncode == 0
    assert mine("orphan") == []


def test_a_sweep_kills_what_let_go_of_its_runtime_and_spares_the_living(root: Path) -> None:
    """A hostile init can clear its parent-death signal; its cgroup still gives it away."""
    argv = [*kit.PROGRAM, "run", "--name", "living", str(root), "--", "sleep", "321"]
    with subprocess.Popen(argv) as process, subprocess.Popen(["sleep", "322"]) as stray:
        try:
            assert until(lambda: members("living"))
            bases = {path.parent for path in mine("living")}
            for base in bases:
                (base / "dead-1-stray").mkdir()
                (base / "dead-1-stray" / "cgroup.procs").write_text(str(stray.pid))
            assert kit.run(root, "--", "true").returncode == 0
            assert stray.wait(5) == -signal.SIGKILL
            assert mine("stray") == []
            assert process.poll() is None
            assert members("living")
        finally:
            process.terminate()
            process.kill()
            stray.kill()
    kit.run(root, "--", "true")
    assert mine("living") == []


def test_a_container_is_killed_at_each_stage_of_its_start(root: Path) -> None:
    """SIGKILL after a random part of the launch: nothing runs on, nothing is mounted, the next start sweeps."""
    mounts = Path("/proc/self/mountinfo").read_text()
    for step in range(20):
        argv = [*kit.PROGRAM, "run", "--name", "early", str(root), "--", "sleep", "323"]
        with subprocess.Popen(argv) as process:
            time.sleep(0.002 * step)
            process.kill()
    assert until(lambda: not members("early"))
    kit.run(root, "--", "true")
    assert mine("early") == []
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_closed_stdio_is_no_danger(root: Path) -> None:
    """Started without 0, 1 and 2, no descriptor of the runtime takes their place."""
    inside = "ls -l /proc/self/fd > /tmp/seen; exit 5"
    argv = ["sh", "-c", f"{' '.join(kit.PROGRAM)} run {root} -- sh -c '{inside}' <&- >&- 2>&-"]
    assert subprocess.run(argv, check=False).returncode == 5
    seen = (root / "tmp" / "seen").read_text()
    assert seen.count("/dev/null") == 1
    assert seen.count("pipe:") == 1  # 2, of the container's own; 1 was redirected by the shell


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_batch_still_reports_its_results(number: signal.Signals) -> None:
    spec = {"containers": [{"id": "interrupted", "builtin": "sleep", "args": {"seconds": 60}}]}
    with subprocess.Popen([*kit.PROGRAM, "batch"], stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(spec))
        process.stdin.close()
        process.stdin = None
        assert until(lambda: members("interrupted"))
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert json.loads(out)["killed"] is True
    assert err == f"doctor-runtime: interrupted by signal {int(number)}\n"
    assert mine("interrupted") == []


def catches(pid: int, number: int) -> bool:
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> number - 1 & 1)


def test_a_batch_is_interrupted_at_each_stage_of_its_starts() -> None:
    """Whenever the signal comes, it ends the batch and is never taken for what a container met."""
    names = [f"stage{number}" for number in range(8)]
    spec = {"containers": [{"id": name, "builtin": "inspect"} for name in names], "parallel": 1}
    for step in range(25):
        with subprocess.Popen([*kit.PROGRAM, "batch"], stdin=-1, stdout=-1, stderr=-1, text=True) as process:
            assert process.stdin is not None
            process.stdin.write(json.dumps(spec))
            process.stdin.close()
            process.stdin = None
            assert until(lambda: process.poll() is not None or catches(process.pid, signal.SIGTERM))
            time.sleep(0.003 * step)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        results = [json.loads(line) for line in out.splitlines()]
        assert [result["id"] for result in results] == names[: len(results)]
        assert all(result["error"] is None for result in results), results
        assert all(result["killed"] == (result is results[-1]) or not result["killed"] for result in results)
        assert (process.returncode, len(results)) in {(143, n) for n in range(9)} | {(0, 8)}
        assert err == ("doctor-runtime: interrupted by signal 15\n" if process.returncode else "")
    assert not [name for name in names if mine(name)]


def test_a_missing_proc_is_one_clear_line() -> None:
    argv = ["unshare", "--mount", "sh", "-c", f"umount -l /proc && {' '.join(kit.PROGRAM)} run / -- true"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "/proc" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_root_it_says_so(root: Path) -> None:
    done = kit.run(root, "--", "true", user=65534, cwd="/")
    if "can't open file" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("this interpreter can't be read by another user")
    assert done.returncode == 125
    assert "root" in done.stderr
    assert os.geteuid() == 0
