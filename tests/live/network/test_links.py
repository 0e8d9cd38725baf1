"""Links (`docker run --link`) between containers that their network keeps apart: what they need is known, and is restored."""

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

SERVER = "mkdir -p /www; echo hi >/www/index.html; httpd -f -p 5432 -h /www"


def asked(box: Box, container: str) -> str:
    return box.docker("exec", container, "wget", "-qO-", "-T", "2", "http://172.17.0.2:5432/", check=False)


def test_flushed_rules_of_a_link_are_restored(bare_box: Box) -> None:
    """The link carries traffic again, for the linked container alone; one rule that is gone is found as well."""
    box = bare_box
    box.write("/etc/docker/daemon.json", '{"icc": false}')
    box.start_dockerd()
    box.load_images()
    rest = ("--stop-timeout", "1", "bb:1")
    box.docker("run", "-d", "--name", "db", "--expose", "5432", "--expose", "53/udp", *rest, "sh", "-c", SERVER)
    box.docker("run", "-d", "--name", "app", "--link", "db:database", *rest, "sleep", "1000")
    box.docker("run", "-d", "--name", "other", *rest, "sleep", "1000")
    assert [asked(box, name) for name in ("app", "other")] == ["hi", ""]
    assert box.doctor("scan", "--select", "firewall").returncode == 0
    before = sorted(box.run(["iptables", "-S", "DOCKER"]).stdout.splitlines())
    assert len(before) == 5
    for fault in (
        "-F DOCKER",
        "-D DOCKER -s 172.17.0.3/32 -d 172.17.0.2/32 -i docker0 -o docker0 -p tcp --dport 5432 -j ACCEPT",
    ):
        box.run(["iptables", *fault.split()])
        assert not asked(box, "app")
        assert box.doctor("scan", "--select", "firewall").returncode == 1
        done = box.doctor("fix", "--apply", "--yes")
        assert done.returncode == 0, done.stdout
        assert [asked(box, name) for name in ("app", "other")] == ["hi", ""]
        assert sorted(box.run(["iptables", "-S", "DOCKER"]).stdout.splitlines()) == before
