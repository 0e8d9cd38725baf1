"""Runs a command of the host with a timeout: only iptables and nft, for published ports and masquerading."""

import os
import select
import time

from doctor.runtime.base.frozen import LaunchError

LIMIT_S = 10.0
_MOST_BYTES = 16 << 20
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find(name: str) -> str | None:
    """The path of a program in the usual places, or None."""
    for directory in _PATH.split(":"):
        path = f"{directory}/{name}"
        if os.access(path, os.X_OK):
            return path
    return None


def run(argv: list[str], text: str = "") -> None:
    """Run to the end, `text` on its stdin (at most the capacity of a pipe). Raises LaunchError with stderr's last line."""
    output(argv, text)


def output(argv: list[str], text: str = "") -> str:
    """Run to the end and return its output. Raises LaunchError with its last line."""
    stdin, feed = os.pipe()
    reading, stderr = os.pipe()
    for descriptor in (stdin, stderr):
        os.set_inheritable(descriptor, True)
    actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, stderr, 1), (os.POSIX_SPAWN_DUP2, stderr, 2)]
    try:
        pid = os.posix_spawn(argv[0], argv, {"PATH": _PATH, "LC_ALL": "C"}, file_actions=actions)
    except OSError as error:
        os.close(feed)
        os.close(reading)
        raise LaunchError(f"can't start {argv[0]}: {error.strerror}") from None
    finally:
        os.close(stdin)
        os.close(stderr)
    os.write(feed, text.encode())
    os.close(feed)
    said = _until_end(reading, pid, argv[0])
    os.close(reading)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        last = said.decode("utf-8", "replace").strip().splitlines()
        raise LaunchError(f"'{' '.join(argv)}' failed with {code}: {last[-1] if last else 'no message'}")
    return said.decode("utf-8", "replace")


def _until_end(reading: int, pid: int, name: str) -> bytes:
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    end = time.monotonic() + LIMIT_S
    said = b""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            raise LaunchError(f"{name} did not end within {LIMIT_S:.0f} s")
        chunk = os.read(reading, 65536)
        if not chunk:
            return said
        said = (said + chunk)[-_MOST_BYTES:]
