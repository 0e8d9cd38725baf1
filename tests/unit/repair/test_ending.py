"""A process is ended only if it is still the one that was meant."""

import signal
import subprocess

from doctor.host.process_end import end
from doctor.host.processes import start_ticks


def test_another_process_with_the_pid_is_left_alone() -> None:
    """The start time identifies it: a recycled pid counts as ended, and no signal is sent."""
    with subprocess.Popen(["sleep", "60"]) as process:
        assert end(process.pid, start_ticks(process.pid) + 1, signal.SIGTERM, timeout_s=1)
        assert process.poll() is None
        assert end(process.pid, start_ticks(process.pid), signal.SIGTERM, timeout_s=5)
        assert process.wait() == -signal.SIGTERM


def test_a_zombie_has_ended() -> None:
    """Nobody has reaped it: it is there, and holds nothing."""
    with subprocess.Popen(["sleep", "60"]) as process:
        ticks = start_ticks(process.pid)
        assert end(process.pid, ticks, signal.SIGKILL, timeout_s=5)
        assert end(process.pid, ticks, signal.SIGTERM, timeout_s=0)


def test_one_that_does_not_end_in_time_is_reported() -> None:
    """It ignores the signal; the caller must know that it still holds what it holds."""
    program = "trap '' TERM; echo ready; sleep 60"
    with subprocess.Popen(["sh", "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not end(process.pid, start_ticks(process.pid), signal.SIGTERM, timeout_s=0.3)
        process.kill()


def test_one_that_is_gone_is_gone() -> None:
    """Its pid names nobody."""
    process = subprocess.Popen(["true"])
    process.wait()
    assert end(process.pid, 1, signal.SIGTERM, timeout_s=1)
