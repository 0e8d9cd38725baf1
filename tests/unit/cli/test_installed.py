"""An installation that lost files, or holds broken ones: a scan that ran fewer checks than were installed is never green."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from doctor import __version__
from doctor.model.exit_code import ExitCode

ROOT = Path(__file__).parents[3]
# Without the checkout, which is on the path of the interpreter that runs the tests.
CODE = f"import sys; sys.path[:] = [place for place in sys.path if place != {str(ROOT)!r}]; from doctor.cli.entry import main; sys.exit(main())"
CHECK = "doctor/checks/dns/resolv_empty.py"

pytestmark = pytest.mark.not_in_one_file("files")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site directory as the wheel makes it, with the installer's record."""
    site = tmp_path_factory.mktemp("site")
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "doctor", site / "doctor", ignore=skipped)
    for room in ("checks", "fixers", "reports"):
        shutil.copytree(ROOT / room, site / "doctor" / room, ignore=skipped)
    record = site / f"container_doctor-{__version__}.dist-info" / "RECORD"
    record.parent.mkdir()
    names = sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
    record.write_text("".join(f"{name},sha256=x,1\n" for name in names))
    return site


@pytest.fixture
def site(whole: Path, tmp_path: Path) -> Path:
    """An installation of an hour ago: changes of its first minute are taken for the installer's."""
    copy = shutil.copytree(whole, tmp_path / "site")
    then = time.time() - 3600
    for path in copy.rglob("*.*"):
        os.utime(path, (then, then))
    return copy


def doctor(site: Path, tmp_path: Path, *arguments: str, also: str = "") -> subprocess.CompletedProcess[str]:
    """Run that installation on an empty host."""
    root = tmp_path / "host"
    (root / "etc").mkdir(parents=True, exist_ok=True)
    path = ":".join(filter(None, (also, str(site))))
    return subprocess.run(
        [sys.executable, "-P", "-c", CODE, *arguments, "--root", str(root)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def errors(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Id → reason of the checks that could not run because of the installation."""
    outcomes = json.loads(done.stdout)["outcomes"]
    return {one["id"]: one["reason"] for one in outcomes if one["outcome"] == "error" and "denied" not in one["reason"]}


def test_a_whole_installation_has_no_such_error(site: Path, tmp_path: Path) -> None:
    done = doctor(site, tmp_path, "scan", "-f", "json")
    assert errors(done) == {}
    assert done.returncode == ExitCode.OK
    assert json.loads(done.stdout)["verdict"]["state"] == "clear"


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "reports").glob("[a-z]*.py")))
def test_each_format_is_rendered_by_an_installation(whole: Path, tmp_path: Path, name: str) -> None:
    """A format's own files are found although the package is called ``doctor.reports`` there."""
    done = doctor(whole, tmp_path, "scan", "-f", name)
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout


def test_an_archive_is_an_installation(whole: Path, tmp_path: Path) -> None:
    """Everything is read through the package's loader: checks are listed, tables read, pages rendered, the runtime started."""
    archive = Path(shutil.make_archive(str(tmp_path / "doctor"), "zip", whole))
    plain, zipped = (json.loads(doctor(place, tmp_path, "scan", "-f", "json").stdout) for place in (whole, archive))
    assert [one["id"] for one in zipped["outcomes"]] == [one["id"] for one in plain["outcomes"]]
    assert zipped["verdict"] == plain["verdict"]
    assert doctor(archive, tmp_path, "scan", "-f", "html").stdout.startswith("<!doctype html>")
    code = "import sys; from doctor.scan.runtime_command import runtime_command as of; import os; os.execv(sys.executable, of('--version'))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE.replace("from doctor.cli.entry import main; sys.exit(main())", code)],
        env={**os.environ, "PYTHONPATH": str(archive)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == __version__


@pytest.mark.parametrize("gone", [CHECK, "doctor/checks/dns", "doctor/checks"])
def test_a_check_that_is_gone_is_an_error(site: Path, tmp_path: Path, gone: str) -> None:
    place = site / gone
    wanted = {
        f"{path.relative_to(site / 'doctor/checks').parts[0]}/{path.stem}".replace("_", "-")
        for path in ([place] if place.is_file() else place.rglob("*.py"))
        if not path.stem.startswith("_")
    }
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    done = doctor(site, tmp_path, "scan", "-f", "json")
    assert done.returncode == ExitCode.INCOMPLETE, done.stderr
    assert set(errors(done)) == wanted
    assert all("is missing" in reason for reason in errors(done).values())
    assert done.stdout.count("reinstall doctor") >= len(wanted)
    text = doctor(site, tmp_path, "scan", "-f", "nagios")
    assert text.returncode == 3
    assert text.stdout.startswith("CONTAINERS UNKNOWN")


def test_a_check_that_can_not_be_imported_is_an_error(site: Path, tmp_path: Path) -> None:
    (site / CHECK).write_text("import nothing_of_this_name\n")
    (site / "doctor/checks/dns/too_many.py").write_bytes(b"\0\xff")
    (site / "doctor/checks/dns/no_check.py").write_text('"""A file without a check."""\n')
    done = doctor(site, tmp_path, "scan", "-f", "json")
    assert done.returncode == ExitCode.INCOMPLETE
    assert {"dns/resolv-empty", "dns/too-many", "dns/no-check"} == set(errors(done))


def test_foreign_packages_earlier_on_the_path_change_nothing(site: Path, tmp_path: Path) -> None:
    """Zero checks were green: a package called ``checks`` hid all of doctor's."""
    foreign = tmp_path / "foreign"
    for name in ("checks", "fixers", "reports"):
        (foreign / name / "network").mkdir(parents=True)
        (foreign / name / "__init__.py").write_text("")
    alone = json.loads(doctor(site, tmp_path, "scan", "-f", "json").stdout)
    beside = json.loads(doctor(site, tmp_path, "scan", "-f", "json", also=str(foreign)).stdout)
    assert [one["id"] for one in beside["outcomes"]] == [one["id"] for one in alone["outcomes"]]
    assert beside["verdict"] == alone["verdict"]


def test_a_missing_fixer_or_format_is_listed_as_broken(site: Path, tmp_path: Path) -> None:
    (site / "doctor/fixers/network/forwarding/ip_forward_off.py").unlink()
    (site / "doctor/reports/sarif.py").unlink()
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, "list", "--format", "json"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.INCOMPLETE
    broken = {
        row["id"]
        for rows in json.loads(done.stdout).values()
        if isinstance(rows, list)
        for row in rows
        if "problem" in row
    }
    assert broken == {"network/ip-forward-off", "sarif"}
