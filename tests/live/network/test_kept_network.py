"""The host's own network: a healthy scan keeps it, a repair restores it where packets end, and asks about what is new."""

import json
from typing import Any

import pytest

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

STATE = "ip route show table all; ip rule; ip -o addr; tc qdisc show dev eth0; ip neigh show nud permanent"
RULE = "pref 90 from all iif docker0 prohibit"


def reaches(box: Box) -> bool:
    answer = box.docker("exec", "web", "wget", "-qO-", "-T", "2", f"http://{ADDRESS}/", check=False)
    return bool(answer.strip())


def state(box: Box) -> list[str]:
    """Return all but link-local addresses, which the kernel still tests for a second after an interface is up."""
    return sorted(line for line in box.run(["sh", "-c", STATE]).stdout.splitlines() if "fe80:" not in line)


def scanned(box: Box) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(box.doctor("scan", "--format", "json").stdout)["findings"]
    return [one for one in found if one["severity"] in {"error", "critical"}]


def test_what_a_healthy_scan_saw_is_restored_and_what_is_new_is_a_question(bare_box: Box) -> None:
    """A queue is restored, a rule of routing deleted by an answer; the process of the container runs on."""
    box = bare_box
    box.start_dockerd()
    box.load_images()
    box.docker("run", "-d", "--name", "web", "--stop-timeout", "1", "bb:1", "sleep", "1000")
    assert reaches(box)
    assert scanned(box) == []
    assert box.exists("/var/lib/doctor/metadata/namespace.json")
    healthy = state(box)

    box.run(["tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo", "limit", "0"])
    box.run(["ip", "rule", "add", "iif", "docker0", "prohibit", "pref", "90"])
    assert not reaches(box)
    found = {one["id"]: one["message"] for one in scanned(box)}
    assert (
        found["network/rule-of-routing-ends"] == "packets from web to outside end at ip rule 90: its action is prohibit"
    )
    answer = ("--choose", f"network/rule-of-routing-ends:{RULE}=delete")
    pid = box.docker("inspect", "-f", "{{.State.Pid}}", "web")
    # The queue is behind the rule: it is seen as soon as packets come so far, and the repair is not rolled back for it.
    done = box.doctor("fix", "--apply", "--yes", *answer)
    assert done.returncode == 1, done.stdout
    assert "network/uplink-queue-drops" in done.stdout
    behind = state(box)
    done = box.doctor("fix", "--apply", "--yes")
    assert done.returncode == 0, done.stdout
    assert reaches(box)
    assert (state(box), box.docker("inspect", "-f", "{{.State.Pid}}", "web")) == (healthy, pid)
    assert box.doctor("undo", "--yes").returncode == 0
    assert state(box) == behind

    box.run(["ip", "rule", "del", "pref", "90"], check=False)
    box.run(["tc", "qdisc", "del", "dev", "eth0", "root"], check=False)
    an_uplink_of_both_families_comes_back(box)


def an_uplink_of_both_families_comes_back(box: Box) -> None:
    """Its IPv6 address goes when it is set down, and without that the kernel refuses the route over a gateway of IPv6."""
    box.run(["ip", "addr", "add", "2001:db8:99::1/64", "dev", "eth0", "nodad"])
    box.run(["ip", "route", "add", "2001:db8:98::/64", "via", "2001:db8:99::2", "dev", "eth0"])
    assert scanned(box) == []
    healthy = state(box)
    box.run(["ip", "link", "set", "eth0", "down"])
    down = state(box)
    assert down != healthy
    done = box.doctor("fix", "network/uplink-down", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 0, done.stdout + done.stderr
    assert state(box) == healthy
    assert box.doctor("undo", "--yes").returncode == 0
    assert state(box) == down
