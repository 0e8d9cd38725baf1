"""Settings files that are corrupt, binary or nonsense: checks judge them or say why not, and never fail."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.host.answers import load as load_answers
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.outcome import Result
from doctor.plugins.load import load
from doctor.scan.run import scan
from tests.unit.facts.test_daemon_settings import JSON, KEYS

CATALOG = load()
IDS = tuple(CATALOG.choose(("config", "storage", "logging", "security", "kubernetes", "engine"), ()))
FILES = (
    "etc/docker/daemon.json",
    "etc/default/docker",
    "etc/sysconfig/docker",
    "etc/init.d/docker",
    "usr/lib/systemd/system/docker.service",
    "etc/systemd/system/docker.service.d/a.conf",
    "etc/fstab",
    "etc/group",
    "etc/containerd/config.toml",
    "var/lib/kubelet/config.yaml",
    "var/lib/dpkg/status",
    "etc/logrotate.d/docker",
    "proc/filesystems",
    "proc/swaps",
    "var/log/docker.log",
)
FLAGS = st.lists(
    st.sampled_from(
        ["--log-driver=", "--storage-opt ", "-H fd://", "--icc", "--graph=/x", "'", '"', "\\", "$X", "--x", "\n"]
    )
    | st.text(max_size=6),
    max_size=6,
).map(" ".join)
CONTENT = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(KEYS, JSON, max_size=5).map(lambda value: json.dumps(value).encode()),
    FLAGS.map(lambda text: f"OPTIONS='{text}\nDOCKER_OPTS={text}\n".encode("utf-8", "surrogatepass")),
    FLAGS.map(
        lambda text: (
            f"[Service]\nEnvironmentFile=-/etc/sysconfig/docker\nExecStart=/usr/bin/dockerd {text} $OPTIONS\n".encode(
                "utf-8", "surrogatepass"
            )
        )
    ),
)


def scanned(top: Path, files: dict[str, bytes], answers: RecordedAnswers | None = None) -> list[str]:
    """Outcomes of checks that failed on these files, with why."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = scan(RootHost(str(top), answers), CATALOG, IDS)
    broken = [f"{outcome.id}: {outcome.reason}" for outcome in found.outcomes if outcome.result is Result.ERROR]
    return broken + [
        str(finding.fix) for finding in found.findings if finding.fix and "fixer failed" in finding.fix.summary
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FILES), CONTENT, max_size=5))
def test_no_content_makes_a_check_or_fixer_fail(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    """A parser's refusal is a finding or a reason, never a traceback."""
    assert scanned(tmp_path_factory.mktemp("host"), files) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, JSON, st.binary(max_size=30))
def test_no_answer_of_the_engine_makes_a_check_fail(
    tmp_path_factory: pytest.TempPathFactory, version: object, info: object, noise: bytes
) -> None:
    """The engine may be another program, or a broken one."""
    top = tmp_path_factory.mktemp("host")
    body = [{"Version": version, "Components": [info]}, {"Driver": info, "DriverStatus": version, "Plugins": info}]
    entries = [
        f"[[api]]\npath = '{path}'\nbody = {json.dumps(json.dumps(answer))}\n"
        for path, answer in zip(("/version", "/info"), body, strict=True)
    ]
    (top / "answers.toml").write_text("live = true\n" + "".join(entries))
    broken = scanned(top / "host", {"etc/docker/daemon.json": noise}, load_answers(str(top / "answers.toml")))
    assert [line for line in broken if "engine's answer" not in line] == []


@pytest.mark.parametrize("kind", ["directory", "loop", "fifo", "huge"])
def test_daemon_json_that_is_no_file(tmp_path: Path, kind: str) -> None:
    """An unreadable file is named; the scan is incomplete and continues. A directory stops dockerd: that is a finding."""
    path = tmp_path / "etc/docker/daemon.json"
    path.parent.mkdir(parents=True)
    if kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to("daemon.json")
    elif kind == "fifo":
        import os

        os.mkfifo(path)
    else:
        with path.open("wb") as stream:
            stream.truncate(1 << 30)
    found = scan(RootHost(str(tmp_path)), CATALOG, IDS)
    is_incomplete = any(outcome.incomplete for outcome in found.outcomes)
    assert is_incomplete == (kind != "directory")
    assert [one.id for one in found.findings if one.id == "config/invalid-json"] == ["config/invalid-json"] * (
        not is_incomplete
    )
    assert all("daemon.json" in outcome.reason for outcome in found.outcomes if outcome.incomplete)
