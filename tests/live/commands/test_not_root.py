"""A user who is not root: first what he can't see and the command that can, and never that there is nothing."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.patient import patient

pytestmark = pytest.mark.live

# The common part of sudo's secure_path on Debian and Red Hat.
SECURE = "/usr/sbin:/usr/bin:/sbin:/bin"
SUDO = re.compile(r"'sudo ([^']*)'")
# command → its exit code for who may not do it.
COMMANDS = {
    "scan": 3,
    "scan --since-last --format nagios": 3,
    "fix": 3,
    "fix --apply --yes": 5,
    "undo --yes": 5,
    "undo --list": 3,
    "probe": 5,
    "salvage --to /tmp/rescue": 5,
    "guard": 0,
    "schedule install": 5,
    "schedule status": 3,
    "schedule test-notify": 5,
    "report --list": 3,
    "report": 3,
}
# These only look, so that what they advise can be done.
HARMLESS = {"scan", "fix", "undo --list", "probe", "schedule status", "report --list"}
GREEN = re.compile(
    r"nothing to repair|there (were|is) no repairs?|no repair to|healthy|none is kept|^no scan is kept", re.MULTILINE
)


@pytest.fixture(scope="module")
def host(can_box: None) -> Iterator[Box]:
    """A broken host on which root scanned and repaired something before."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        faults.inject(box, "forward/file-off", seed=1)
        box.doctor("scan")
        assert box.doctor("fix", "network/ip-forward-off", "--apply", "--yes").returncode == 0
        box.run(["iptables", "-t", "nat", "-F"])
        yield box


@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_what_can_not_be_seen_and_how_to_run_it(host: Box, command: str) -> None:
    line = f"setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent {host.doctor_path} {command} 2>&1"
    done = host.run(["bash", "-c", line], check=False)
    said = done.stdout
    if done.returncode in {126, 127}:
        pytest.skip("nobody may not enter the checkout")
    assert done.returncode == COMMANDS[command], said
    if command == "scan":
        refused = "docker commands of user nobody are refused: only root and group docker may use /var/run/docker.sock"
        assert refused in " ".join(said.split())
    assert not GREEN.search(said), said
    advised = SUDO.search(said)
    assert advised, said
    # A report begins with whose it is; then comes this, before any finding.
    before = said[: advised.start()].strip().split("\n")
    assert len([words for words in before if words]) <= 4, said
    assert advised[1].endswith(f"doctor {command}"), said
    if command in HARMLESS:
        done = host.run(["env", "-i", f"PATH={SECURE}", *shlex.split(advised[1])], check=False)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        assert not re.search("not run as root|without root", done.stdout + done.stderr)
