"""Runs commands of the live host: limited in time and output, never through a shell."""

import os
import signal
import subprocess

from doctor.host.base import CommandResult
from doctor.model.missing import HostError, Missing, Why

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENTERED = 3
"""Words of a command up to the program, also behind nsenter. nft prints times of rules in the host's zone, which has gaps."""
_OUTPUT_LIMIT = 64 << 20


def environment() -> dict[str, str]:
    """Return the environment of commands: a fixed PATH (cron's lacks /usr/sbin) and the C locale, so output can be
    parsed.
    """
    return {"PATH": _PATH, "LC_ALL": "C", "LANG": "C", "HOME": os.environ.get("HOME", "/"), "TERM": "dumb"}


def run(argv: tuple[str, ...], *, timeout_s: float, stdin: bytes = b"") -> CommandResult:
    """Run a command and return its result. Raises ``HostError`` (absent, denied, timed out)."""
    try:
        # Its own session: on a timeout the whole group is killed, including children that hold the pipe.
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment() | ({"TZ": "UTC"} if "nft" in argv[:_ENTERED] else {}),
            cwd="/",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise HostError(Missing(Why.ABSENT, f"{argv[0]} is not installed")) from error
    except PermissionError as error:
        raise HostError(Missing(Why.DENIED, f"{argv[0]}: permission denied")) from error
    except OSError as error:
        raise HostError(Missing(Why.UNREADABLE, f"{argv[0]}: {error.strerror}")) from error
    try:
        stdout, stderr = process.communicate(stdin or None, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        text = f"{' '.join(argv)}: no answer within {timeout_s:g} s"
        raise HostError(Missing(Why.TIMED_OUT, text)) from None
    except BaseException:
        _kill_group(process)
        raise
    if len(stdout) > _OUTPUT_LIMIT:
        raise HostError(Missing(Why.UNREADABLE, f"{argv[0]}: printed more than {_OUTPUT_LIMIT} bytes"))
    return CommandResult(process.returncode, stdout, stderr)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    try:
        process.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        # In uninterruptible sleep (a hung mount): it can't be reaped now, and doctor does not wait for it.
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
