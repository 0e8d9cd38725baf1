"""The installation: the archives install, no other Python package can interfere, and sudo finds the command."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.box import Box

CHECKOUT = Path(__file__).parents[3]
PYTHON = sys.executable
pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def run(*argv: object, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints; its errors fail the test."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of this tree, and the wheel that is built from the archive alone."""
    top = tmp_path_factory.mktemp("dist")
    source = top / "source"
    shutil.copytree(
        CHECKOUT, source, symlinks=True, ignore=shutil.ignore_patterns(".venv", "__pycache__", ".*_cache", ".git")
    )
    subprocess.run([PYTHON, "-m", "hatchling", "build", "-t", "sdist", "-d", top], cwd=source, check=True)
    archive = next(top.glob("*.tar.gz"))
    run(PYTHON, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", top, archive)
    return top


@pytest.fixture(scope="session")
def installed(dist: Path) -> Path:
    """A directory that holds the wheel and nothing else."""
    target = dist / "site"
    run(PYTHON, "-m", "pip", "install", "-q", "--no-deps", "--target", target, next(dist.glob("*.whl")))
    return target


def listed(*places: Path) -> str:
    """Return the command's list if Python searches ``places`` first. It never sees this checkout."""
    code = "import sys; from doctor.cli.entry import main; sys.exit(main())"
    env = {"PYTHONPATH": ":".join(map(str, places)), "PATH": "/usr/bin:/bin"}
    return run(PYTHON, "-P", "-c", code, "list", env=env)


def test_the_wheel_of_the_source_archive_is_whole_and_in_one_package(installed: Path) -> None:
    """Each check, fixer and format of the tree is in it; beside ``doctor`` it brings no name of its own."""
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {
        "doctor",
        "bin",
        "share",
    }
    ours = {
        str(path.relative_to(CHECKOUT))
        for room in ("checks", "fixers", "reports")
        for path in (CHECKOUT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours == {
        str(path.relative_to(installed / "doctor"))
        for room in ("checks", "fixers", "reports")
        for path in (installed / "doctor" / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert listed(installed) == run(CHECKOUT / ".venv/bin/doctor", "list")


def test_foreign_packages_of_these_names_neither_hide_nor_replace_ours(installed: Path, tmp_path: Path) -> None:
    """``pip install reports`` replaced files of doctor; a ``checks`` that Python finds earlier hid all of them."""
    before = listed(installed)
    foreign = tmp_path / "foreign"
    for name in ("checks", "fixers", "reports"):
        package = foreign / name
        (package / "network").mkdir(parents=True)
        (package / "__init__.py").write_text("raise RuntimeError('somebody else')\n")
        (package / "network" / "__init__.py").touch()
    assert listed(foreign, installed) == before
    same_place = shutil.copytree(installed, tmp_path / "site")
    shutil.copytree(foreign, same_place, dirs_exist_ok=True)
    assert listed(same_place) == before


def test_a_damaged_installation_takes_nothing_from_beside_it(installed: Path, tmp_path: Path) -> None:
    """Without its checks doctor fails; it does not run a foreign package of that name in their place."""
    site = shutil.copytree(installed, tmp_path / "site")
    shutil.move(site / "doctor" / "checks", site / "checks")
    (tmp_path / "etc").mkdir()
    code = "import sys; from doctor.cli.entry import main; sys.exit(main())"
    done = subprocess.run(
        [PYTHON, "-P", "-c", code, "scan", "--root", tmp_path],
        env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in {0, 1}
    assert "Traceback" not in done.stderr
    assert "reinstall doctor" in done.stdout + done.stderr


@pytest.fixture
def house(dist: Path) -> Iterator[Path]:
    """A directory of wheels that stands for the package index; a box has its own /tmp, so it is not there."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top:
        wheel = next(dist.glob("*.whl"))
        pinned = ["-c", CHECKOUT / "constraints.txt"]
        run(PYTHON, "-m", "pip", "download", "-q", *pinned, "-d", top, wheel, "pip", "setuptools")
        yield Path(top)


def test_sudo_finds_the_command_that_the_readme_installs(house: Path, bare_box: Box) -> None:
    """Each line of the README's "On your own host", as an ordinary user types it; the index is a directory here."""
    block = re.search(r"## On your own host\n.*?```sh\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    box = bare_box
    box.run(["mkdir", "-p", "/root/.config/pip"])
    box.write("/root/.config/pip/pip.conf", f"[global]\nno-index = true\nfind-links = {house}\n")
    box.run(["useradd", "--create-home", "kim"])
    box.write("/etc/sudoers.d/kim", "kim ALL=(ALL) NOPASSWD: ALL\n", mode=0o440)
    box.run(["rm", "-f", "/usr/local/bin/doctor", "/usr/local/bin/doctor-runtime"])
    lines = [line.strip() for line in block.group(1).splitlines() if line.strip()]
    assert lines[-1] == "sudo doctor scan"
    for line in lines[:-1]:
        box.run(["su", "-", "kim", "-c", line], timeout=240)
    done = box.run(["su", "-", "kim", "-c", "sudo doctor scan -f json"], check=False)
    assert '"findings"' in done.stdout, done.stderr
    assert box.run(["sh", "-c", "sudo doctor-runtime --version"]).returncode == 0


def test_the_runtime_of_a_wheel_starts_bare_and_by_a_link(dist: Path, tmp_path: Path) -> None:
    """Its launcher finds the environment's own Python and package, whatever the caller's environment says."""
    run(PYTHON, "-m", "venv", tmp_path / "venv")
    run(tmp_path / "venv/bin/python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", next(dist.glob("*.whl")))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "doctor-runtime").symlink_to(tmp_path / "venv/bin/doctor-runtime")
    (tmp_path / "foreign" / "doctor").mkdir(parents=True)
    (tmp_path / "foreign" / "doctor" / "__init__.py").write_text("raise RuntimeError('somebody else')\n")
    env = {
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "PYTHONPATH": str(tmp_path / "foreign"),
        "PYTHONSTARTUP": "/nowhere",
    }
    for command in (
        "doctor-runtime",
        str(tmp_path / "venv/bin/doctor-runtime"),
        f"{tmp_path}/bin/../bin/doctor-runtime",
    ):
        assert run("sh", "-c", f"cd {tmp_path}/foreign && exec {command} --version", env=env).startswith(
            "doctor-runtime "
        )
