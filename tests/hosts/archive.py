"""Data roots as archives: a box that starts from one is ready in a second."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

_TAR = ("tar", "--xattrs", "--xattrs-include=*", "--numeric-owner")


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a data root with its owners, modes, devices and extended attributes."""
    command = [*_TAR, "-xpf", str(archive), "-C", str(directory)]
    subprocess.run(command, check=True)


def pack(directory: Path, archive: Path) -> None:
    """Pack a data root so that `unpack` gives back every byte; the name appears when the archive is whole."""
    partial = archive.with_name(f"{archive.name}.{os.getpid()}")
    command = [*_TAR, "--sparse", "-cpf", str(partial)]
    subprocess.run([*command, "-C", str(directory), "."], check=True)
    partial.rename(archive)


def cached(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The file or directory called name for exactly this key, in the cache outside the tree; make writes it when it isn't there.

    Two callers at once build it once: the second waits. Files of older keys are removed.
    """
    directory = cache_directory()
    wanted = directory / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    with _locked(directory / f"{name}.lock"):
        if not wanted.exists():
            for old in directory.glob(f"{name}-*"):
                _remove(old)
            make(wanted)
    return wanted


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def cache_directory() -> Path:
    """Where built roots are kept: $XDG_CACHE_HOME/container-doctor, root-only."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    directory = Path(base) / "container-doctor"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
