"""Somebody else's plugin: installed from a package outside this tree, loaded only if the settings allow it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doctor import IS_ONE_FILE
from doctor.plugins import thirdparty
from tests.unit.engines.crate_host import build

PLUGIN = Path(__file__).parents[2] / "plugins" / "doctor-acme"
CRATE = PLUGIN.with_name("doctor-crate")
DOCTOR = [sys.executable, "-c", "from doctor.cli.entry import main; raise SystemExit(main())"]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the plugin as pip does, into a directory of its own."""
    top = tmp_path_factory.mktemp("plugin")
    return install(PLUGIN, top / "source", top / "site")


def install(plugin: Path, copy: Path, target: Path) -> Path:
    """Install a copy of a plugin's source, and return the directory."""
    shutil.copytree(plugin, copy)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(target), str(copy)], check=True)
    return target


class Host:
    """A host with an empty note, and doctor on it."""

    def __init__(self, tmp_path: Path, site: Path) -> None:
        self.root = tmp_path / "host"
        (self.root / "etc").mkdir(parents=True)
        self.note = self.root / "etc/acme-note"
        self.note.write_text("")
        self.site = site

    def doctor(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command with the plugin's directory on the path."""
        environment = {**os.environ, "PYTHONPATH": str(self.site)}
        return subprocess.run(
            [*DOCTOR, *arguments], env=environment, capture_output=True, text=True, check=False, cwd=self.root
        )


def test_an_engine_of_a_plugin_is_used_by_every_command(tmp_path: Path) -> None:
    """Scan and salvage recognise its data root, which is Docker's as little as containerd's."""
    data, site = tmp_path / "data", tmp_path / "site"
    build(data)
    install(CRATE, tmp_path / "source", site)
    allow("doctor-crate")
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*DOCTOR, *arguments], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
        )

    scanned = doctor("scan", "--data-root", str(data), "--select", "crate:box", "-f", "json")
    assert scanned.returncode == 0, scanned.stderr
    assert [one["id"] for one in json.loads(scanned.stdout)["outcomes"]] == ["crate:box/index-incomplete"]
    salvaged = doctor("salvage", "--data-root", str(data), "--to", str(tmp_path / "out"), "--containers")
    assert salvaged.returncode == 0, salvaged.stderr
    assert "app:1" in salvaged.stdout
    assert "containers/web-" in salvaged.stdout


@pytest.fixture
def host(tmp_path: Path, installed: Path) -> Host:
    return Host(tmp_path, shutil.copytree(installed, tmp_path / "site"))


def allow(word: str) -> None:
    Path(os.environ["DOCTOR_CONFIG"]).write_text(f'[plugins]\nallow = ["{word}"]\n')


def test_a_plugin_that_nobody_allowed_is_not_loaded(host: Host) -> None:
    """Its check does not run, and the list says that it is there and why it is not used."""
    assert "acme" not in host.doctor("scan", "--root", str(host.root), "-f", "json").stdout
    listed = host.doctor("list", "--format", "json")
    assert "doctor-acme" in listed.stdout
    assert "acme:disk/note-empty" not in listed.stdout


@pytest.mark.parametrize("word", ["doctor-acme", "doctor-acme==1.2.0", "Doctor_Acme"])
def test_an_allowed_plugin_brings_its_check_and_its_fixer(host: Host, word: str) -> None:
    """Scan finds, fix repairs, undo brings back: as with a check of doctor's own."""
    allow(word)
    assert "acme:disk/note-empty" in host.doctor("list", "--format", "json").stdout
    found = host.doctor("scan", "--root", str(host.root), "--select", "acme:disk", "-f", "json")
    assert found.returncode == 1
    finding = json.loads(found.stdout)["findings"][0]
    assert finding["id"] == "acme:disk/note-empty"
    assert finding["fix"] == {"applicability": "safe", "summary": "name the duty desk"}
    fixed = host.doctor("fix", "acme:disk/note-empty", "--root", str(host.root), "--apply", "--yes")
    assert fixed.returncode == 0, fixed.stderr
    assert host.note.read_text() == "duty desk\n"
    assert host.doctor("undo", "--yes").returncode == 0
    assert host.note.read_text() == ""


@pytest.mark.parametrize("broken", ["raise RuntimeError('worn out')\n", "import no_such_module\n"])
def test_a_plugin_that_cannot_be_loaded_does_not_stop_an_undo(host: Host, broken: str) -> None:
    """A note names it; a repair made with its help is undone without it."""
    allow("doctor-acme")
    fixed = host.doctor("fix", "acme:disk/note-empty", "--root", str(host.root), "--apply", "--yes")
    assert fixed.returncode == 0, fixed.stderr
    next(host.site.glob("doctor_acme-*.dist-info")).joinpath("RECORD").unlink()
    (host.site / "doctor_acme/__init__.py").write_text(broken)
    undone = host.doctor("undo", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "note: plugins are not used: " in undone.stderr
    assert host.note.read_text() == ""


def test_another_version_than_the_allowed_is_refused(host: Host) -> None:
    """``name==version`` pins what was looked at."""
    allow("doctor-acme==1.1.0")
    listed = host.doctor("list")
    assert "1.2.0" in listed.stdout
    assert "acme:disk" not in listed.stdout


def test_a_file_changed_after_the_installation_is_refused(host: Host) -> None:
    """The installer recorded its hash."""
    allow("doctor-acme")
    check = host.site / "doctor_acme/checks/disk/note_empty.py"
    check.write_text(check.read_text() + "\n")
    assert "changed since it was installed" in host.doctor("list").stdout
    check.chmod(0o666)
    assert "other users could have written it" in host.doctor("list").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be set as root")
@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("weak", ["doctor_acme/checks/disk/note_empty.py", "doctor_acme/checks", "."])
def test_a_plugin_that_others_can_write_is_refused(host: Host, recorded: bool, weak: str) -> None:
    """Its files, its directories and those above, also where the installer left no list of files."""
    allow("doctor-acme")
    if not recorded:
        next(host.site.glob("doctor_acme-*.dist-info")).joinpath("RECORD").unlink()
    assert "acme:disk/note-empty" in host.doctor("list", "--format", "json").stdout
    os.chown(host.site / weak, 65534, 65534)
    listed = host.doctor("list", "--format", "json").stdout
    assert "belongs to user 65534" in listed
    assert "acme:disk/note-empty" not in listed


def test_a_plugin_that_ships_a_file_of_doctor_is_refused(host: Host) -> None:
    """Pip would have replaced ours without a word."""
    allow("doctor-acme")
    record = next(host.site.glob("doctor_acme-*.dist-info")) / "RECORD"
    record.write_text(record.read_text() + "doctor/checks/network/forwarding/ip_forward_off.py,,\n")
    (host.site / "doctor/checks/network/forwarding").mkdir(parents=True)
    (host.site / "doctor/checks/network/forwarding/ip_forward_off.py").write_text("")
    assert "would replace a file of doctor" in host.doctor("list").stdout


def test_a_fixer_that_its_check_does_not_fit_is_refused(host: Host) -> None:
    """The scan shows the finding and both files; nothing is written."""
    allow("doctor-acme")
    next(host.site.glob("doctor_acme-*.dist-info")).joinpath("RECORD").unlink()
    fixer = host.site / "doctor_acme/fixers/disk/note_empty.py"
    fixer.write_text(fixer.read_text().replace("OfNote", "Note"))
    found = host.doctor("scan", "--root", str(host.root), "--select", "acme:disk", "-f", "json")
    assert found.returncode == 1
    fix = json.loads(found.stdout)["findings"][0]["fix"]
    assert fix["applicability"] == "manual"
    assert str(fixer) in fix["summary"]
    assert str(host.site / "doctor_acme/checks/disk/note_empty.py") in fix["summary"]
    host.doctor("fix", "acme:disk/note-empty", "--root", str(host.root), "--apply", "--yes")
    assert host.note.read_text() == ""


def in_directory(host: Host) -> "subprocess.CompletedProcess[str]":
    """List with the plugin's directory in the settings instead of Python's path."""
    place = Path(os.environ["DOCTOR_CONFIG"])
    place.write_text(f'[plugins]\nallow = ["doctor-acme"]\ndirectories = ["{host.site}"]\n')
    return subprocess.run([*DOCTOR, "list"], capture_output=True, text=True, check=False, cwd=host.root)


def test_a_plugin_is_found_in_a_directory_of_the_settings(host: Host) -> None:
    """The one file has no other place for plugins."""
    assert "acme:disk/note-empty" in in_directory(host).stdout


def test_a_directory_of_plugins_that_does_not_exist_is_named(host: Host) -> None:
    shutil.rmtree(host.site)
    listed = in_directory(host)
    assert listed.returncode == 2
    assert f"{host.site}: the directory of plugins does not exist" in listed.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be set as root")
def test_a_directory_that_others_can_write_is_not_searched(host: Host) -> None:
    """Any module could be put there under the name of one that doctor looks for."""
    host.site.chmod(0o777)
    listed = in_directory(host)
    assert listed.returncode == 5
    assert "can be written by everybody" in listed.stderr


def test_the_one_file_refuses_a_plugin_with_compiled_modules(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no dynamic linker; the reason names the way out."""
    record = next(host.site.glob("doctor_acme-*.dist-info")) / "RECORD"
    record.write_text(record.read_text() + "doctor_acme/fast.cpython-313-x86_64-linux-gnu.so,,\n")
    (host.site / "doctor_acme/fast.cpython-313-x86_64-linux-gnu.so").touch()
    assert ("acme:disk/note-empty" in in_directory(host).stdout) is not IS_ONE_FILE
    monkeypatch.setattr(thirdparty, "IS_ONE_FILE", True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(host.site)])
    found = next(plugin for plugin in thirdparty.find() if plugin.name == "acme")
    assert "is compiled: the one file loads plugins of pure Python only" in thirdparty.refusal(found, ("doctor-acme",))
