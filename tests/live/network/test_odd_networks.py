"""A sample of the odd and healthy networks; `python -m tests.hosts.odd` judges all of them, with probes and on other engines."""

import pytest

from tests.hosts import judge
from tests.hosts.box import Box
from tests.hosts.odd import engine_settings, firewalls
from tests.hosts.odd.judge import failing, run_script, scan
from tests.hosts.odd.odd_host import ODD

__all__ = ["engine_settings", "firewalls"]

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


def test_a_scan_is_silent_on_odd_and_healthy_networks(patient_box: Box) -> None:
    """One above the other: rates and knocking, DNS that is not tracked, a mesh's proxy inside a container."""
    for name in ("firewall/knocking-and-limits", "firewall/untracked-dns", "container/mesh-sidecar-redirects"):
        run_script(patient_box, ODD[name].script)
        assert failing(patient_box, ODD[name]) == []
        code, report = scan(patient_box, "scan")
        assert [one["message"] for one in report["findings"] if one["severity"] != "info"] == [], name
        assert code == 0, name
    traffic = [judge.egress(patient_box), judge.dns(patient_box), judge.ports(patient_box)]
    assert [text for found in traffic for text in found.values() if text.startswith("failed: ")] == []
