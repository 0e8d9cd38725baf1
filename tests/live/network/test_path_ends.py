"""A plain scan names the hop at which packets of containers end, by the host's facts alone."""

import json

import pytest

from tests.hosts import images
from tests.hosts.box import Box

pytestmark = pytest.mark.live

SERVER = ("sh", "-c", "mkdir -p /www; echo hi >/www/index.html; httpd -f -p 80 -h /www")
INSIDE = "nsenter -t $(docker inspect -f '{{.State.Pid}}' web) -n "
SITE = (
    "nft add table inet site; nft 'add set inet site bad { type ipv4_addr; flags interval; elements = { 172.16.0.0/12 }; }';"
    " nft 'add chain inet site c { type filter hook prerouting priority -310; }';"
    " nft add rule inet site c iifname docker0 ip saddr @bad drop"
)
TAKEN = """
kill -9 $(pidof docker-proxy); while pidof docker-proxy >/dev/null; do sleep 0.05; done
setsid --fork busybox httpd -f -p 127.0.0.1:8080 </dev/null >/dev/null 2>&1
for i in $(seq 100); do grep -q '0100007F:1F90 00000000:0000 0A' /proc/net/tcp && exit; sleep 0.05; done; exit 1
"""
"""A program of the host listens on the published port in place of the engine's proxy, whose socket must be gone before."""
CUTS = (
    (
        "network/container-rule-drops",
        f"{INSIDE} iptables -A OUTPUT -p tcp --dport 443 -j DROP",
        f"{INSIDE} iptables -D OUTPUT -p tcp --dport 443 -j DROP",
        'packets from web to outside end at "-A OUTPUT -p tcp -m tcp --dport 443 -j DROP" in chain OUTPUT of table filter',
    ),
    (
        "",
        SITE,
        "nft delete table inet site",
        "in chain c of nft table inet site",
    ),
    (
        "network/published-port-taken",
        TAKEN,
        "true",
        "packets from host to 127.0.0.1 port 8080 end at the host: busybox (process ",
    ),
)


def said(box: Box) -> list[tuple[str, str]]:
    """Check and message of each finding about where packets end."""
    found = json.loads(box.doctor("scan", "--format", "json").stdout)["findings"]
    return [(one["id"], one["message"]) for one in found if "packets from " in one["message"] or "path" in one["id"]]


def test_the_hop_is_named_and_a_healthy_host_is_silent(box: Box) -> None:
    """A rule inside the container, a set of nftables before all others, and a program on the published port."""
    images.build(box)
    box.docker("run", "-d", "--name", "web", "-p", "8080:80", "bb:1", *SERVER)
    # The host learns its next hop.
    box.docker("exec", "web", "wget", "-qO-", "-T", "5", "http://198.51.100.2/")
    assert said(box) == []
    for identity, make, undo, words in CUTS:
        box.run(["sh", "-ec", make])
        found = said(box)
        assert [message for name, message in found if words in message and name.startswith(identity)], found
        box.run(["sh", "-ec", undo])
    _no_problem_is_lost_beside_a_repair(box)


def _no_problem_is_lost_beside_a_repair(box: Box) -> None:
    """A repair changes routes inside web, so that its ways can't be predicted: what else ends packets is still left to somebody."""
    box.run(["sh", "-ec", f"{SITE}; {INSIDE} ip route del default"])
    found = json.loads(box.doctor("scan", "--format", "json").stdout)["findings"]
    plan = json.loads(box.doctor("fix", "--format", "json").stdout)
    problems = {one["fingerprint"]: one["id"] for one in found if one["severity"] != "info"}
    assert [problems[one] for one in plan["resolves"]] == ["network/container-default-route-missing"]
    assert len(problems) > 1
    assert problems.keys() - set(plan["resolves"]) <= {one["fingerprint"] for one in plan["manual"]}, (
        found,
        plan["manual"],
    )
