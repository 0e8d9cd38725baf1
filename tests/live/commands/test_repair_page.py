"""The page of a repair on a host with real files: written by the repair, again by its name, and below the next scan."""

import json
import re

import pytest

from tests.hosts.box import Box

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


def test_a_repair_leaves_its_page(box: Box) -> None:
    """The problems, the actions and the proof; an undo is named above them."""
    box.run(["sysctl", "-qw", "net.ipv4.ip_forward=0"])
    words = ("fix", "network/ip-forward-off", "--apply", "--yes", "--format", "html", "-o", "/root/repair.html")
    done = box.doctor(*words)
    assert "wrote /root/repair.html" in done.stderr
    page = box.read("/root/repair.html")
    for heading in ("The problems", "The repair", "The proof"):
        assert f">{heading}<" in page
    found = re.search(r"doctor undo (\d{4}-\d{8}-\d{6})", page)
    assert found is not None, done.stderr
    run = found[1]
    assert box.run(["stat", "-c", "%a", f"/var/lib/doctor/runs/{run}/report"]).stdout == "600\n"

    assert box.doctor("report", run, "-o", "/root/again.html").returncode == 0
    assert box.read("/root/again.html") == page
    box.doctor("scan", "--format", "html", "-o", "/root/scan.html")
    assert ">The proof<" in box.read("/root/scan.html")
    assert "https://docs.docker.com/" in box.read("/root/scan.html")

    assert box.doctor("undo", "--yes").returncode == 0
    assert box.doctor("report", run, "-o", "/root/again.html").returncode == 0
    assert "This repair was undone at" in box.read("/root/again.html")
    rules = json.loads(box.doctor("scan", "--format", "sarif").stdout)["runs"][0]["tool"]["driver"]["rules"]
    assert "network/ip-forward-off" in {rule["id"] for rule in rules}
    assert all(rule["helpUri"].startswith("https://") for rule in rules)
