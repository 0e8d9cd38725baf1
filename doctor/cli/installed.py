"""Shared by the commands that install a file which makes systemd or cron run doctor."""

import os
import re
import shlex
import subprocess
import sys

from doctor.cli.common import SharedOptions
from doctor.cli.spelled import as_root, pasted, program
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.text import visible
from doctor.state.out import write_out
from doctor.state.trust import weakness


def command() -> str:
    """Return the absolute path of doctor; raises ``DoctorError`` if it is unknown."""
    if not program():
        raise DoctorError("can't find the doctor command", where=sys.argv[0], do="install doctor with pipx, uv or pip")
    return program()


def need_root(what: str) -> None:
    """Raise ``RefusedError`` for any other user."""
    if os.geteuid() != 0:
        raise RefusedError(f"only root can {what}", do=f"run '{as_root()}'")


def warn(path: str, shared: SharedOptions) -> None:
    """Warn if users other than root can change the program, for example in a checkout in a home directory."""
    weak = weakness(path)
    if weak is not None:
        shared.progress(f"note: root will run {path}, which other users can change: {weak}")


def read(path: str) -> str:
    """Return the text of a file, "" if it does not exist."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read(65536)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def gone(text: str) -> str:
    """Return the program that a unit or a crontab of doctor's own starts, if it can't be started any more; else "".

    >>> gone("ExecStart=/no/doctor scan --scheduled\\n")
    '/no/doctor'
    >>> gone("7 4 * * * root '/no/a b/doctor' scan --scheduled\\n")
    '/no/a b/doctor'
    >>> gone("ExecStartPre=/bin/sh -c 'true' doctor-guard DOCTOR_STATE_DIR=/s \\"/no/a b/doctor\\"\\n")
    '/no/a b/doctor'
    >>> gone("ExecStart=/bin/sh scan\\n")
    ''
    """
    started = re.search(r" doctor-guard (.+)|^ExecStart=(.+)|^\d.* root (.+)", text, re.MULTILINE)
    if started is None:
        return ""
    # units.py escaped it for a unit or for cron.
    line = (started[1] or started[2] or started[3]).replace("$$", "$").replace("%%", "%").replace("\\%", "%")
    try:
        program = next((word for word in shlex.split(line) if word.startswith("/")), "")
        os.stat(program)
    except (FileNotFoundError, NotADirectoryError):
        return program
    except (OSError, ValueError):  # another user may not see it, and root can start it
        return ""
    return program if os.geteuid() == 0 and not os.access(program, os.X_OK) else ""


def write(path: str, text: str, made: str) -> bool:
    """Write a file unless it already has this text; return whether it was written.

    ``made`` is the line that marks doctor's own files. Raises ``RefusedError`` if the file exists without it.
    """
    found = read(path)
    if found == text:
        return False
    if found and made not in found:
        raise RefusedError("the file exists and was not written by doctor", where=path, do="move it away")
    try:
        write_out(path, text.encode("utf-8"), make=True)
        # cron and systemd must be able to read it, whatever the umask is.
        os.chmod(path, 0o644)
    except OSError as error:
        raise DoctorError(f"can't write it: {error.strerror}", where=path) from error
    return True


def show(path: str, text: str, shared: SharedOptions, *, is_new: bool) -> None:
    """Print the content of a file that was just written."""
    say(shared, f"wrote {path}:" if is_new else f"{path} is up to date")
    if is_new and not shared.quiet:
        print(visible("".join(f"    {line}\n" for line in text.splitlines()), keep="\n"))


def say(shared: SharedOptions, text: str) -> None:
    """Print, unless --quiet is given."""
    if not shared.quiet:
        print(visible(pasted(text), keep="\n"))


def systemctl(*words: str) -> str:
    """Run systemctl and return its output; raises ``DoctorError`` if it fails."""
    argv = ("systemctl", "--no-pager", *words)
    try:
        done = subprocess.run(argv, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DoctorError(f"systemctl {words[0]} failed: {error}", do="see 'systemctl status'") from error
    if done.returncode != 0:
        says = visible(done.stderr.decode("utf-8", "surrogateescape").strip())
        raise DoctorError(f"systemctl {' '.join(words)} failed: {says}", do="see 'systemctl status'")
    return done.stdout.decode("utf-8", "replace")
