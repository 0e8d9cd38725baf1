"""Runs the bundled runtime as others do: as a program, by its path."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

RUNTIME = Path(__file__).resolve().parents[3] / "doctor" / "runtime" / "__main__.py"


def _program() -> list[str]:
    """Start the runtime: of this checkout, or of the one file that DOCTOR_COMMAND names, by a link."""
    command = os.environ.get("DOCTOR_COMMAND")
    if not command:
        return [sys.executable, "-I", "-S", "-E", str(RUNTIME)]
    link = Path(command).with_name("doctor-runtime")
    link.unlink(missing_ok=True)
    link.symlink_to(Path(command).name)
    return [str(link)]


PROGRAM = _program()
BUSYBOX = Path("/usr/bin/busybox")
APPLETS = ("sh", "true", "cat", "ls", "id", "sleep", "mount", "mknod", "dd", "ps", "readlink", "stat", "mkdir", "kill")


def why_not() -> str:
    """Why containers can't be made here, "" if they can."""
    if os.geteuid() != 0:
        return "needs root"
    if not BUSYBOX.exists():
        return "needs busybox-static"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "may not make namespaces here"


def make_root(where: Path) -> Path:
    """A root file system of a static busybox."""
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        (where / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, where / "bin" / "busybox")
    for name in APPLETS:
        (where / "bin" / name).symlink_to("busybox")
    (where / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nalice:x:1234:1000:A:/home/alice:/bin/sh\n")
    (where / "etc" / "group").write_text("root:x:0:\nstaff:x:50:alice\naudio:x:29:bob,alice\n")
    return where


def run(*arguments: object, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """`doctor-runtime run …` to its end."""
    argv = [*prefix, *PROGRAM, "run", *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, **options)


def batch(*containers: dict[str, object], prefix: tuple[str, ...] = (), parallel: int = 1) -> dict[str, dict[str, Any]]:
    """`doctor-runtime batch`: results by id."""
    text = json.dumps({"containers": containers, "parallel": parallel})
    argv = [*prefix, *PROGRAM, "batch"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout or not containers, done.stderr
    return {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}


def answer(result: dict[str, Any]) -> dict[str, Any]:
    """Return the last output of a builtin."""
    assert result["error"] is None, result
    found = json.loads(result["stdout"].splitlines()[-1])
    assert isinstance(found, dict)
    return found


def groups() -> list[Path]:
    """The runtime's cgroup directories that exist now."""
    bases = [*Path("/sys/fs/cgroup").glob("*/doctor-runtime"), Path("/sys/fs/cgroup/doctor-runtime")]
    return [path for base in bases if base.is_dir() for path in base.iterdir() if path.is_dir()]
