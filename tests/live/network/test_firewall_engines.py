"""Rules of engines in other states and with other settings: since a boot, on the legacy backend, with IPv6."""

import json

import pytest

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS, BOX_ADDRESS
from tests.live.network.firewall_kit import FLUSHED, found, rules, tables

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


def test_an_engine_that_never_ran_since_the_boot_needs_no_repair(can_box: None) -> None:
    """After a power loss nothing runs and no rule is there: dockerd's start makes them, so nothing is worth an exit code."""
    with Box() as box:
        box.start_dockerd()
        box.load_images()
        box.docker("run", "-d", "--name", "web", "-p", "8080:80", "com:1", "httpd", "-f", "-p", "80", "-h", "/www")
        box.power_loss(network=True)
        done = box.doctor("scan", "--select", "firewall", "--format", "json")
        findings = json.loads(done.stdout)["findings"]
        assert [(finding["id"], finding["severity"]) for finding in findings] == [("firewall/rules-flushed", "info")]
        assert done.returncode == 0


def test_an_engine_on_the_legacy_backend_is_repaired_there(can_box: None) -> None:
    """Where both commands are legacy, rules are read and written there, and nft stays empty."""
    with Box() as box:
        for name in ("iptables", "ip6tables"):
            box.run(["update-alternatives", "--set", name, f"/usr/sbin/{name}-legacy"])
        box.start_dockerd()
        box.load_images()
        box.docker("run", "-d", "--name", "web", "-p", "8080:80", "com:1", "httpd", "-f", "-p", "80", "-h", "/www")
        good = rules(box, "iptables-legacy-save")
        assert found(box) == []
        scan = box.doctor("scan")
        assert scan.returncode == 0, scan.stdout
        box.run(["sh", "-ec", "iptables -F; iptables -t nat -F"])
        assert box.docker("exec", "web", "wget", "-qO-", "-T", "1", f"http://{ADDRESS}/", check=False) == ""
        assert found(box) == ["rules-flushed", "docker-user-missing"]
        fix = box.doctor("fix", "firewall", "--apply", "--yes")
        print(fix.stdout, fix.stderr)
        assert fix.returncode == 0
        assert box.docker("exec", "web", "wget", "-qO-", "-T", "1", f"http://{ADDRESS}/") == BOX_ADDRESS
        assert tables(rules(box, "iptables-legacy-save")) == tables(good)
        assert box.run(["nft", "list", "tables"]).stdout == ""


def test_networks_with_ipv6_are_judged_and_repaired_too(can_box: None) -> None:
    """Both families are flushed, distinguished, and restored as dockerd had created them for those networks."""
    with Box() as box:
        box.write("/etc/docker/daemon.json", '{"experimental": true, "ip6tables": true}')
        box.start_dockerd()
        box.load_images()
        box.docker("network", "create", "--ipv6", "--subnet", "fd00:88::/64", "six")
        box.docker("network", "create", "--ipv6", "--internal", "--subnet", "fd00:99::/64", "closed")
        run = ("run", "-d", "--name", "web", "--network", "six", "-p", "8080:80")
        box.docker(*run, "com:1", "httpd", "-f", "-p", "80", "-h", "/www")
        good = rules(box, "ip6tables-save")
        assert found(box) == []
        scan = box.doctor("scan")
        assert scan.returncode == 0, scan.stdout
        box.run(["nft", "flush", "ruleset"])
        assert found(box) == [name for name in FLUSHED for _ in (4, 6)]
        fix = box.doctor("fix", "firewall", "--apply", "--yes")
        print(fix.stdout, fix.stderr)
        assert fix.returncode == 0
        assert found(box) == []
        # The default network has no IPv6, but engine 26 makes isolation rules for it in that family too.
        missing = set(good) - set(rules(box, "ip6tables-save"))
        assert {line for line in missing if "docker0" not in line} == set()
        # Addresses of a container and of its bridge that the engine would have made.
        pid = box.docker("inspect", "-f", "{{.State.Pid}}", "web").strip()
        bridge = "br-" + box.docker("network", "inspect", "-f", "{{.Id}}", "six")[:12]
        box.run(["nsenter", "-t", pid, "-n", "ip", "-6", "addr", "flush", "dev", "eth0", "scope", "global"])
        box.run(["sysctl", "-qw", f"net.ipv6.conf.{bridge}.disable_ipv6=1"])
        fix = box.doctor("fix", "network", "--apply", "--yes")
        assert "network/docker0-no-address" in fix.stdout
        assert "network/container-address-missing" in fix.stdout
        assert fix.returncode == 0, fix.stdout
        own = box.docker("inspect", "-f", "{{.NetworkSettings.Networks.six.GlobalIPv6Address}}", "web").strip()
        box.run(["busybox", "wget", "-q", "-T", "2", "-O", "-", f"http://[{own}]/"])
        assert box.docker("inspect", "-f", "{{.State.Pid}}", "web").strip() == pid
