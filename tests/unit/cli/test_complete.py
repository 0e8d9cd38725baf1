"""``doctor __complete``: what a word can become. No scan runs for it, and it is quick."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from doctor.cli import app as command_line
from doctor.cli.completion import answer, engine, own, values
from doctor.cli.completion.scripts import SHELLS, script
from doctor.plugins.load import load

DOCTOR = Path(sys.executable).with_name("doctor")


def complete(*words: str, env: dict[str, str] | None = None) -> tuple[list[str], int]:
    """Return the values for a command line whose last word is incomplete, and the directive."""
    done = subprocess.run(
        [DOCTOR, "__complete", *words], capture_output=True, text=True, check=True, env={**os.environ, **(env or {})}
    )
    assert not done.stderr
    *found, directive = done.stdout.splitlines()
    return found, int(directive.removeprefix(":"))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["sc"], ["scan\tExamine the host and report findings", "schedule\tSchedule scans with systemd or cron"]),
        (["guard", "re"], ["remove\tRemove the drop-in; copies and backups are kept"]),
        (["scan", "--fail-on", "e"], ["error"]),
        (["scan", "--format=ju"], ["--format=junit"]),
        (["salvage", "--format", ""], ["text", "json"]),
        (["explain", "network/ip-f"], ["network/ip-forward-off", "network/ip-forward-reverted-at-boot"]),
        (["fix", "network/ip-forward-off", "network/ip-f"], ["network/ip-forward-reverted-at-boot"]),
        (["scan", "--skip", "dns,network/ip-forward-o"], ["dns,network/ip-forward-off"]),
        (["scan", "--select", "fire"], None),
        (["undo", ""], []),
        (["run", "image", "sh", "-"], []),
    ],
)
def test_values(words: list[str], wanted: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "none"))
    answered = answer._values(words[:-1], words[-1])
    found = [f"{value}\t{about}" if about else value for value, about in answered.items]
    if wanted is None:
        assert "firewall" in found
        assert "firewall/rules-flushed" in found
    else:
        assert found == wanted


@pytest.mark.parametrize(
    ("words", "directive"),
    [
        (["scan", "-o", ""], values.FILES),
        (["scan", "--root", "/u"], values.DIRECTORIES),
        (["scan", "--select", "net"], values.NO_SPACE),
        (["scan", "--format", ""], values.SPACE),
    ],
)
def test_what_the_shell_does(words: list[str], directive: int) -> None:
    assert answer._values(words[:-1], words[-1]).directive == directive


def test_a_wrong_line_has_no_values() -> None:
    assert complete("no-such-command", "--no-such-option", "x") == ([], values.SPACE)
    assert complete("sc")[0][0] == "scan\tExamine the host and report findings"


def test_repairs_and_plugins_of_the_settings(tmp_path: Path) -> None:
    """Also with settings that are wrong."""
    for name in ("0001-20261101-081512", "0002-20261102-081512"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    settings = tmp_path / "doctor.toml"
    settings.write_text("[plugins")
    settings.chmod(0o600)
    env = {"DOCTOR_STATE_DIR": str(tmp_path), "DOCTOR_CONFIG": str(settings)}
    assert complete("undo", "", env=env)[0] == ["0002-20261102-081512", "0001-20261101-081512"]
    assert complete("quarantine", "purge", "--run", "0001", env=env)[0] == ["0001-20261101-081512"]
    assert "network/ip-forward-off" in complete("explain", "network/ip-f", env=env)[0]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with two containers, one of them hostile, and an image."""
    monkeypatch.setattr(engine, "data_root", lambda: str(tmp_path))
    ports = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}
    web = {"State": {"Running": True}, "Name": "/web", "NetworkSettings": {"Ports": ports}}
    for number, content in enumerate((json.dumps(web, separators=(",", ":")), '{"Name":"/a;$(touch x)"}', '{"Name":')):
        place = tmp_path / "containers" / f"{number:064x}"
        place.mkdir(parents=True)
        (place / "config.v2.json").write_text(content)
    os.mkfifo(tmp_path / "containers" / f"{1:064x}" / "fifo")
    (tmp_path / "containers" / "loop").symlink_to("loop")
    store = tmp_path / "image/overlay2"
    store.mkdir(parents=True)
    (store / "repositories.json").write_text('{"Repositories":{"app":{"app:1":"sha256:x","app@sha256:y":"sha256:x"}}}')
    return tmp_path


def test_names_of_the_data_root(root: Path) -> None:
    assert engine.containers() == [engine.Named("web", True, ("8080",))]
    assert engine.images() == ["app:1"]
    (root / "image/overlay2/repositories.json").write_bytes(b"[" * 100000)
    assert engine.images() == []


def test_containers_are_values(root: Path) -> None:
    assert values._networks(values.Incomplete("container:", {}, "")).items == (("container:web", ""),)
    asked = values.Incomplete("", {"trace": True, "names": ("web",)}, "")
    assert [value for value, _ in values._probes(asked).items] == ["web", "host", "outside:8080"]


def test_each_entry_of_the_table_is_a_parameter() -> None:
    command_line.build("")
    known = set()
    for_all = [typer.main.get_command(command_line.app)]
    for command in for_all:
        for_all.extend(getattr(command, "commands", {}).values())
        known |= {name for one in command.params for name in (one.name, f"{command.name} {one.name}")}
    assert set(values._VALUES) - known == set()


def test_it_costs_little_and_no_scan_is_imported() -> None:
    """A shell waits for it: little more than for help."""
    code = "import sys; sys.argv[1:] = ['__complete', 'fix', 'net']; from doctor.cli import entry; entry.command(); print([m for m in sys.modules if m.startswith(('doctor.scan', 'doctor.host.live', 'doctor.collect'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert least("__complete", "fix", "net") < min(0.2, 1.5 * least("fix", "--help"))


def least(*words: str) -> float:
    """Return the least CPU time of a command: help costs 60 ms on a machine with nothing else to do, an answer 65."""
    costs = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([DOCTOR, *words], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(costs)


def test_ids_formats_and_probes_are_those_of_the_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are listed by their files, without it."""
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "none"))
    catalog = load()
    assert sorted(one for area in own.areas() for one in own.check_ids(area)) == sorted(catalog.checks)
    assert (own.formats(), own.probes()) == (sorted(catalog.formats), sorted(catalog.probes))


BASH = """
compopt() { printf '%s\\n' "$*"; }
. /dev/stdin
COMP_LINE=$1 COMP_POINT=${#1}; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_doctor doctor
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "words", "wanted"),
    [
        ("doctor sc", ["doctor", "sc"], ["scan", "schedule"]),
        ("doctor scan --format=ju", ["doctor", "scan", "--format", "=", "ju"], ["junit"]),
        ("doctor scan --fail-on=", ["doctor", "scan", "--fail-on", "="], ["info", "warning", "error", "critical"]),
        ("doctor scan  -o fi", ["doctor", "scan", "-o", "fi"], ["-o default", ""]),
        ("doctor scan --root ", ["doctor", "scan", "--root", ""], ["-o dirnames", ""]),
        ("doctor fix --choose state/layer-mount-s", ["doctor", "fix", "--choose", "state/layer-mount-s"], None),
    ],
)
def test_bash(line: str, words: list[str], wanted: list[str] | None) -> None:
    """Words are as bash splits them, at ':' and '='."""
    env = {**os.environ, "PATH": f"{DOCTOR.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", BASH, "bash", line, *words],
        input=script("bash"),
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    assert done.stdout.splitlines() == (wanted or ["-o nospace", "state/layer-mount-stray:"])


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish() -> None:
    env = {**os.environ, "PATH": f"{DOCTOR.parent}:{os.environ['PATH']}"}
    code = f"{script('fish')}\ncomplete -C 'doctor scan --fail-on '"
    done = subprocess.run(["fish", "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.split() == ["info", "warning", "error", "critical"]


ZSH = """
_describe() { print -rl -- $@ $values }
_files() { print -r -- files $@ }
compdef() { }
eval "$1"; shift
words=("$@") CURRENT=$#
_doctor
"""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh() -> None:
    env = {**os.environ, "PATH": f"{DOCTOR.parent}:{os.environ['PATH']}"}

    def run(*words: str) -> list[str]:
        argv = ["zsh", "-f", "-c", ZSH, "zsh", script("zsh"), "doctor", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, env=env).stdout.splitlines()

    assert run("guard", "st") == ["-V", "doctor", "values", "status:Show whether the guard is installed and active"]
    assert run("scan", "--root", "") == ["files -/"]


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_shown(shell: str) -> None:
    done = subprocess.run([DOCTOR, "--show-completion", shell], capture_output=True, text=True, check=True)
    assert done.stdout == script(shell)
