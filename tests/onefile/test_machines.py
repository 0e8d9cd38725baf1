"""The files on other processors, by qemu's user emulation: the other architecture, and a processor without SHA instructions."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.onefile import kit

pytestmark = pytest.mark.timeout(600)  # an emulated scan takes 2 s on a machine with nothing else to do

HASHES = "import hashlib; print(*[hashlib.sha256(bytes(n % 251 for n in range(size))).hexdigest() for size in range(0, 400)])"


def emulator(name: str) -> str:
    """Return the emulator's path, or skip."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} (Debian's qemu-user)")
    return found


def expected() -> str:
    return kit.run("/usr/bin/python3", "-c", HASHES).stdout


@pytest.fixture(scope="session")
def aarch64(file: Path) -> list[str]:
    """Return the command of the other file, built beside the first."""
    other = file.with_name("doctor-aarch64")
    if not other.is_file() or kit.MACHINE == "aarch64":
        pytest.skip("there is no doctor-aarch64 beside the file")
    return [emulator("qemu-aarch64"), str(other)]


def test_aarch64_scans_and_lists_the_same(aarch64: list[str], file: Path, root: Path) -> None:
    scanned = kit.run(*aarch64, "scan", "--root", root)
    assert scanned.returncode == 0, scanned.stderr
    assert "no problem found" in scanned.stdout
    assert kit.run(*aarch64, "list").stdout == kit.run(file, "list").stdout
    assert kit.run(*aarch64, "--licences").stdout == kit.run(file, "--licences").stdout


def test_sha256_on_aarch64(aarch64: list[str], tmp_path: Path) -> None:
    """By ARMv8's instructions, which all of qemu's processors with 64 bits have."""
    python = tmp_path / "python"
    python.write_bytes(kit.as_python(Path(aarch64[1])))
    python.chmod(0o755)
    assert kit.run(aarch64[0], python, "-c", HASHES).stdout == expected()


@pytest.mark.skipif(kit.MACHINE != "x86_64", reason="these are processors of x86-64")
@pytest.mark.parametrize("processor", ["qemu64", "Nehalem"])
def test_a_processor_without_sha_instructions(file: Path, python: Path, root: Path, processor: str) -> None:
    """The portable code takes their place; nothing else needs a newer processor either."""
    qemu = [emulator("qemu-x86_64"), "-cpu", processor]
    assert kit.run(*qemu, python, "-c", HASHES).stdout == expected()
    done = kit.run(*qemu, file, "scan", "--root", root)
    assert done.returncode == 0, done.stderr


def test_an_old_release_of_the_format_is_not_needed(file: Path) -> None:
    """The file asks for no loader and no library."""
    shown = subprocess.run(["readelf", "-lW", file], capture_output=True, text=True, check=False).stdout
    if not shown:
        pytest.skip("there is no readelf")
    assert "INTERP" not in shown
    assert "DYNAMIC" not in shown
