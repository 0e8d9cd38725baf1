"""Where doctor is started: without privilege, tools, a terminal, room for its output; what it says, and its exit code."""

import json
from collections.abc import Iterator

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.sandbox import Completed

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent"
TOOLS = (
    "iptables",
    "iptables-nft-save",
    "xtables-nft-multi",
    "nft",
    "ip",
    "systemctl",
    "dockerd",
    "modprobe",
    "docker",
)
FIND = "for place in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do ls -d $place/{tool}; done 2>/dev/null"


@pytest.fixture(scope="module")
def host(can_box: None) -> Iterator[Box]:
    """One healthy running host for all that changes nothing."""
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        yield made


def shell(box: Box, command: str) -> Completed:
    """Run a shell's line in which DOCTOR stands for the installed command."""
    return box.run(["bash", "-c", command.replace("DOCTOR", box.doctor_path)], check=False)


def is_calm(done: Completed) -> bool:
    """Whether nothing speaks of a crash."""
    said = done.stdout + done.stderr
    return not any(word in said for word in ("Traceback", "bug in doctor", "Exception ignored"))


def test_nobody_sees_what_was_skipped(host: Box) -> None:
    """Without privilege a scan ends with 3 and names what it could not read; "nothing to repair" is not the last word."""
    done = shell(host, f"{NOBODY} DOCTOR scan --format json")
    if "Permission denied" in done.stderr and not done.stdout:
        pytest.skip("nobody may not enter the checkout")
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    skipped = [outcome for outcome in report["outcomes"] if outcome["incomplete"]]
    assert skipped
    assert all("permission denied" in outcome["reason"].lower() for outcome in skipped if "docker" in outcome["reason"])
    assert "could not examine everything" in shell(host, f"{NOBODY} DOCTOR scan").stdout
    plan = shell(host, f"{NOBODY} DOCTOR fix")
    assert plan.returncode == 3
    assert f"run 'sudo {host.doctor_path} fix'" in " ".join(plan.stdout.split())
    assert "nothing to repair" not in plan.stdout
    assert is_calm(plan)


@pytest.mark.parametrize("command", ["fix --apply --yes", "undo --yes", "probe", "run bb:1 true", "schedule install"])
def test_nobody_is_refused_what_needs_root(host: Box, command: str) -> None:
    """Commands that change the host, or create containers, are refused with 5 before anything is done."""
    done = shell(host, f"{NOBODY} DOCTOR {command}")
    if "Permission denied" in done.stderr and "doctor:" not in done.stderr:
        pytest.skip("nobody may not enter the checkout")
    assert done.returncode == 5, done.stdout + done.stderr
    assert is_calm(done)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_missing_tool(can_box: None, tool: str) -> None:
    """Only what needs it is skipped or said; a host whose rules can't be read is never called healthy."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        before = {
            outcome["id"]: outcome for outcome in json.loads(box.doctor("scan", "--format", "json").stdout)["outcomes"]
        }
        paths = box.run(["sh", "-c", FIND.replace("{tool}", tool)], check=False).stdout.split()
        if not paths:
            pytest.skip(f"this machine has no {tool}")
        box.run(["rm", "-f", *paths])
        faults.inject(box, "forward/runtime-off")
        done = box.doctor("scan", "--format", "json")
        assert is_calm(done), done.stderr
        report = json.loads(done.stdout)
        assert "network/ip-forward-off" in {finding["id"] for finding in report["findings"]}
        box.write("/proc/sys/net/ipv4/ip_forward", "1\n")
        done = box.doctor("scan", "--format", "json")
        report = json.loads(done.stdout)
        lost = [
            outcome["id"]
            for outcome in report["outcomes"]
            if outcome["outcome"] == "skip" and before[outcome["id"]]["outcome"] == "pass"
        ]
        found = [finding for finding in report["findings"] if finding["severity"] != "info"]
        if tool in {"iptables", "iptables-nft-save", "xtables-nft-multi", "ip"}:
            assert found or done.returncode == 3, lost
        if lost and not found:
            # A skip is for what is absent; dockerd's own file is.
            assert tool in {"dockerd", "docker"} or done.returncode == 3, lost
        for command in (("fix", "--allow", "destructive"), ("scan", "-v"), ("probe",)):
            assert is_calm(box.doctor(*command))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("DOCTOR scan >&-", 3),
        ("DOCTOR scan -q >&-", 0),
        ("DOCTOR scan 2>&-", 0),
        ("DOCTOR scan <&- >&- 2>&-", 3),
        ("DOCTOR fix >&-", 3),
        ("DOCTOR list >&-", 3),
        ("DOCTOR scan >/dev/full", 3),
        ("DOCTOR scan --format json >/dev/full", 3),
        ("DOCTOR list >/dev/full", 3),
        ("DOCTOR scan -v 2>/dev/full >/dev/null", 0),
        ("DOCTOR scan --format json -o /dev/full", 3),
        ("DOCTOR scan --format json -o /no/such/file", 3),
        ("DOCTOR scan --format json -o /tmp", 3),
        ("DOCTOR list | head -1", 0),
        ("DOCTOR scan -v | head -1", 0),
        ("DOCTOR explain network | true", 0),
        ("DOCTOR scan --format yaml", 2),
        ("DOCTOR scan --select nothing/such", 2),
        ("DOCTOR fix nothing/such", 2),
        ("DOCTOR undo 19700101-000000 --yes", 5),
    ],
)
def test_where_the_output_goes(host: Box, line: str, code: int) -> None:
    """Closed, full, or not read: one line at most, and an exit code that means what the contract says."""
    done = shell(host, line)
    assert is_calm(done), done.stderr
    assert done.returncode == code, done.stdout[-500:] + done.stderr


@pytest.mark.parametrize(
    "setting",
    [
        "LANG=C LC_ALL=C",
        "LC_ALL=POSIX PYTHONIOENCODING=ascii",
        "LANG=xx_YY.UTF-9",
        "TERM=",
        "TERM=no-such-terminal",
        "COLUMNS=1",
        "COLUMNS=-5",
        "COLUMNS=many",
        "PATH=/nonexistent",
        "HOME=",
        "TZ=No/Where",
        "PYTHONOPTIMIZE=2",
        "PYTHONWARNINGS=error",
        "-C /tmp/planted",
        "DOCTOR_STATE_DIR=/proc/nothing",
    ],
)
def test_odd_environments(host: Box, setting: str) -> None:
    """A scan of a healthy host is 0 whatever the caller's environment says, and code in the current directory is not run."""
    host.write("/tmp/planted/json.py", 'raise SystemExit("planted code ran")\n')
    done = shell(host, f"env {setting} DOCTOR scan")
    assert is_calm(done), done.stderr
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


@pytest.mark.parametrize("width", [1, 5, 20, 40, 400])
def test_widths_of_a_terminal(host: Box, width: int) -> None:
    """A terminal of any width gets a report, never a crash; an ordinary one no line longer than itself."""
    done = shell(host, f"script -qec 'stty cols {width}; DOCTOR scan; echo EXIT=$?' /dev/null")
    assert is_calm(done), done.stdout
    assert "EXIT=0" in done.stdout
