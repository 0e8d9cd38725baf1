"""What the commands share that leave a file on the host which makes something else run doctor."""

import os
import subprocess
import sys

from doctor.cli.common import Shared
from doctor.cli.spelled import as_root, pasted, program
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.text import visible
from doctor.state.out import write_out
from doctor.state.trust import weakness


def command() -> str:
    """Return the absolute path of doctor; raises ``DoctorError`` where it can't be known."""
    if not program():
        raise DoctorError("can't find the doctor command", where=sys.argv[0], do="install doctor with pipx, uv or pip")
    return program()


def need_root(what: str) -> None:
    """Raise ``RefusedError`` for anybody else."""
    if os.geteuid() != 0:
        raise RefusedError(f"only root can {what}", do=f"run '{as_root()}'")


def warn(path: str, shared: Shared) -> None:
    """Say who else could change what root will run: a checkout in somebody's home is convenient, and his."""
    weak = weakness(path)
    if weak is not None:
        shared.progress(f"note: others than root can change what root runs from {path}: {weak}")


def read(path: str) -> str:
    """Return the text of a file, "" where there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read(65536)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def write(path: str, text: str, made: str) -> bool:
    """Write a file unless it is there as wanted; return whether it was written.

    ``made`` is the line by which doctor knows its own file again. Raises ``RefusedError`` where another one stands there.
    """
    found = read(path)
    if found == text:
        return False
    if found and made not in found:
        raise RefusedError("a file that doctor did not write stands in the way", where=path, do="move it away")
    try:
        write_out(path, text.encode("utf-8"), make=True)
        # Neither cron nor systemd may be kept from reading it by somebody's umask.
        os.chmod(path, 0o644)
    except OSError as error:
        raise DoctorError(f"can't write it: {error.strerror}", where=path) from error
    return True


def show(path: str, text: str, shared: Shared, *, is_new: bool) -> None:
    """Tell what a file says, if it was written just now."""
    tell(shared, f"wrote {path}:" if is_new else f"{path} is as it should be")
    if is_new and not shared.quiet:
        print(visible("".join(f"    {line}\n" for line in text.splitlines()), keep="\n"))


def tell(shared: Shared, text: str) -> None:
    """Print, but for --quiet."""
    if not shared.quiet:
        print(visible(pasted(text), keep="\n"))


def systemctl(*words: str) -> str:
    """Run systemctl and return what it printed; raises ``DoctorError`` where it fails."""
    argv = ("systemctl", "--no-pager", *words)
    try:
        done = subprocess.run(argv, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DoctorError(f"systemctl {words[0]} failed: {error}", do="look at 'systemctl status'") from error
    if done.returncode != 0:
        says = visible(done.stderr.decode("utf-8", "surrogateescape").strip())
        raise DoctorError(f"systemctl {' '.join(words)} failed: {says}", do="look at 'systemctl status'")
    return done.stdout.decode("utf-8", "replace")
