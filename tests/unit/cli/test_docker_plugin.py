"""``docker doctor``: what the docker command asks of its plugins, with a real docker command and no engine."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from doctor.cli import docker_plugin

DOCTOR = Path(sys.executable).with_name("doctor")
ROOT = Path(__file__).parents[3]
needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A directory of the docker command with the plugin."""
    (tmp_path / "cli-plugins").mkdir()
    (tmp_path / "cli-plugins/docker-doctor").symlink_to(DOCTOR)
    (tmp_path / "host/etc").mkdir(parents=True)
    return tmp_path


def docker(config: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    left = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
    return subprocess.run(
        ["docker", "--config", config, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**left, "DOCTOR_STATE_DIR": str(config / "state"), "COLUMNS": "100", **(env or {})},
    )


@needs_docker
def test_docker_lists_it(config: Path) -> None:
    assert f"doctor*     {docker_plugin.SHORT}" in docker(config, "--help").stdout
    assert "Invalid Plugins" not in docker(config, "--help").stdout


@needs_docker
@pytest.mark.parametrize("words", [["doctor", "scan", "--help"], ["help", "doctor", "scan"]])
def test_help_is_in_dockers_way(config: Path, words: list[str]) -> None:
    done = docker(config, *words)
    assert done.stdout.startswith("Usage:  docker doctor scan [OPTIONS]\n")
    assert "  docker doctor scan --for-engine 29\n" in done.stdout
    assert " doctor scan" not in done.stdout.replace("docker doctor", "docker-doctor")


@needs_docker
def test_help_of_all_commands(config: Path) -> None:
    done = docker(config, "doctor")
    assert "Usage:  docker doctor [OPTIONS] COMMAND" in done.stdout
    assert done.stdout.rstrip().endswith("Run 'docker doctor COMMAND --help' for more information on a command.")
    assert "completion" not in done.stdout


@needs_docker
def test_arguments_and_exit_codes_pass(config: Path) -> None:
    host = str(config / "host")
    scan = ["doctor", "scan", "--root", host]
    done = docker(config, *scan, "--select", "network/ip-forward-off", "--format", "json")
    assert json.loads(done.stdout)["doctor"]
    assert docker(config, "-D", *scan, "--nonsense").returncode == 2
    wrong = docker(config, *scan, "--select", "network/ip-forward-of")
    assert wrong.returncode == 2
    assert "doctor: no check or area 'network/ip-forward-of'" in wrong.stderr
    (config / "host/etc/docker").mkdir()
    (config / "host/etc/docker/daemon.json").write_text("{")
    assert docker(config, *scan, "-q").returncode == 1
    assert "'docker doctor fix" in docker(config, *scan).stdout.replace("\n", " ")


@needs_docker
def test_another_host_is_refused(config: Path) -> None:
    """Of the command line, the environment and the context in use; addresses of this host are not."""
    words = ["doctor", "scan", "--root", str(config / "host"), "-q"]
    far = docker(config, "-H", "ssh://me:secret@far", *words)
    assert far.returncode == 2
    assert "docker is set to another host (--host: ssh://far)" in far.stderr
    assert docker(config, *words, env={"DOCKER_HOST": "tcp://192.0.2.1:2376"}).returncode == 2
    assert docker(config, *words, env={"DOCKER_HOST": "tcp://127.0.0.1:2375"}).returncode != 2
    meta = config / "contexts/meta" / hashlib.sha256(b"prod").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text('{"Name":"prod","Endpoints":{"docker":{"Host":"ssh://prod"}}}')
    assert "context prod: ssh://prod" in docker(config, "--context", "prod", *words).stderr
    (config / "config.json").write_text('{"currentContext":"prod"}')
    assert docker(config, *words).returncode == 2
    assert docker(config, "--context", "default", *words).returncode != 2
    lost = docker(config, "--context", "nope", *words)
    assert (lost.returncode, "context nope, which names no engine" in lost.stderr) == (2, True)
    assert docker(config, "doctor", "scan", "--help").returncode == 0


@needs_docker
def test_completion_passes(config: Path) -> None:
    assert docker(config, "__complete", "doctor", "scan", "--fail-on", "").stdout.splitlines() == [
        "info",
        "warning",
        "error",
        "critical",
        ":4",
    ]
    # Docker's own script for bash asks the plugin itself, and leaves its name out.
    plugin = config / "cli-plugins/docker-doctor"
    done = subprocess.run([plugin, "__completeNoDesc", "sc"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["scan", "schedule", ":4"]


def test_the_description_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    described = docker_plugin.describe()
    assert (described["SchemaVersion"], described["Vendor"] != "") == ("0.1.0", True)
    assert (described["Version"], described["URL"]) == (project["version"], project["urls"]["Homepage"])


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ('{"CommandError":"docker: Error response from daemon: it\'s {{.Name}}\\nSee help"}', "explain"),
        ('{"CommandError":"exit status 3"}', ""),
        ('{"RootCmd":"run"}', ""),
        ("[]", ""),
        ("{", ""),
    ],
)
def test_hooks(request_: str, wanted: str) -> None:
    """A hint after a command that failed, and never an action of docker's template language."""
    answer = docker_plugin.hint(request_)
    assert answer["Type"] == 0
    assert wanted in answer["Template"]
    assert bool(answer["Template"]) == bool(wanted)
    assert "{{" not in answer["Template"]
    assert "\n" not in answer["Template"]


@needs_docker
def test_it_ends_when_docker_is_terminated(config: Path) -> None:
    """Without a terminal, docker only closes a socket."""
    words = ["docker", "--config", config, "doctor", "explain", "--elsewhere", "-"]
    never, kept = os.pipe()
    with subprocess.Popen(words, stdin=never, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(1.5)
        assert process.poll() is None
        process.terminate()
        errors = process.communicate(timeout=20)[1]  # docker waits for its plugin
    os.close(never)
    os.close(kept)
    assert (process.returncode, errors) == (130, b"")
