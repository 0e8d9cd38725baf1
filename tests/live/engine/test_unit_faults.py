"""Units that systemd does not start or that nobody accepts for, on a booted host: found by their word, and repaired."""

from collections.abc import Iterator

import pytest

from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost, why_no_systemd
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

CONTROLLERS = "cgroups/controller-missing"


@pytest.fixture
def host() -> Iterator[SystemdHost]:
    """A booted Debian whose dockerd is an enabled unit and runs the patient."""
    reason = why_no_systemd()
    if reason:
        pytest.skip(reason)
    with SystemdHost(data_root=patient()) as made:
        yield made


def ids(host: SystemdHost) -> set[str]:
    """What a scan finds, but for the host's own lack."""
    return kit.ids(host) - {CONTROLLERS}


def test_masked_units_are_found_by_that_word(host: SystemdHost) -> None:
    """/dev/null has mode 0666, and no file is blamed for it; the answer to the question unmasks and starts, undo masks again."""
    units = ["docker.service", "docker.socket"]
    host.run(["systemctl", "stop", *units])
    host.run(["systemctl", "mask", *units])
    refused = host.run(["systemctl", "start", "docker.service"], check=False)
    explained = host.doctor("explain", refused.stderr)
    assert explained.returncode == 0
    assert "engine/unit-masked" in explained.stdout
    assert ids(host) == {"engine/unit-masked"}

    choices = [word for unit in units for word in ("--choose", f"engine/unit-masked:{unit}=unmask")]
    fix = host.doctor("fix", "--apply", "--yes", *choices)
    print(fix.stdout, fix.stderr)
    assert ids(host) == set()
    assert host.engine_answers()

    undo = host.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert ids(host) == {"engine/unit-masked"}
    assert host.run(["readlink", "/etc/systemd/system/docker.service"]).stdout.strip() == "/dev/null"
