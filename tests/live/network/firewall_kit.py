"""Helpers of live tests of the firewall: an administrator's rules, real traffic, and doctor's findings."""

import json
import re
from collections.abc import Callable

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS, BOX_ADDRESS

API = "10.88.0.2"
WHO = """
import socket
with socket.create_server(("", 90)) as server:
    while True:
        connection, peer = server.accept()
        with connection:
            connection.sendall(peer[0].encode())
"""
"""Answers each client with the address it comes from, which is the gateway's where docker-proxy stands in for the kernel."""

USERS_OWN = """*mangle
-A FORWARD -o eth0 -p tcp -m tcp --tcp-flags SYN,RST SYN -m comment --comment "clamp \\"mss\\" -j DROP" -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*filter
:mine - [0:0]
-A INPUT -s 203.0.113.0/24 -j DROP
-A FORWARD -i tun+ -j mine
-A mine -m limit --limit 5/sec -m comment --comment "-j DOCKER" -j LOG --log-prefix "mine: "
-I DOCKER-USER 1 -s 203.0.113.0/24 -j DROP
COMMIT
*nat
-A POSTROUTING -s 192.168.77.0/24 -o tun0 -j MASQUERADE
COMMIT
"""
"""An administrator's rules, with comments that look like rules of Docker."""
USERS_MARKS = ("203.0.113", "mine", "tun", "mss")


EVERYTHING = ("egress of docker0", "egress of app", "port of docker0", "port of app")


FLUSHED = ["rules-flushed", "forward-policy-accept", "docker-user-missing"]
"""The findings without any rules, worst first."""


def rules(box: Box, command: str = "iptables-nft-save") -> list[str]:
    """All rules, without counters, dates, and tables in which there is nothing."""
    lines = [re.sub(r" \[\d+:\d+\]$", "", line) for line in box.run([command]).stdout.splitlines() if line[0] != "#"]
    text = "\n".join(lines)
    return re.sub(r"\*\w+\n(?::\w+ ACCEPT\n)+COMMIT\n?", "", text).splitlines()


def others(lines: list[str], foreign: list[str]) -> dict[str, list[str]]:
    """The rules that are an administrator's or somebody's, chain by chain in their order."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("-A") and (line in foreign or any(mark in line for mark in USERS_MARKS)):
            found.setdefault(line.split()[1], []).append(line)
    return found


def tables(lines: list[str], *, users: bool = True) -> dict[str, list[str]]:
    """The lines of each table, since the order of tables is that of their making; without those a flush took from users."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if not users and any(mark in line for mark in USERS_MARKS):
            continue
        if line.startswith("*"):
            table = found.setdefault(line, [])
        elif line != "COMMIT":
            table.append(line)
    return found


def _wget(box: Box, name: str, url: str) -> str:
    pid = box.docker("inspect", "-f", "{{.State.Pid}}", name) if box.engine_answers() else PIDS[name]
    argv = ["nsenter", "-t", pid, "-n", "busybox", "wget", "-qO-", "-T", "1", url]
    return box.run(argv, check=False, timeout=4).stdout.strip()


def _client(box: Box) -> str:
    argv = ["busybox", "nc", "-w", "1", BOX_ADDRESS, "9090"]
    return box.outside(argv, check=False, timeout=5).stdout


PIDS: dict[str, str] = {}

TRAFFIC: dict[str, tuple[Callable[[Box], str], str]] = {
    "egress of docker0": (lambda box: _wget(box, "web", f"http://{ADDRESS}/"), BOX_ADDRESS),
    "egress of app": (lambda box: _wget(box, "api", f"http://{ADDRESS}/"), BOX_ADDRESS),
    "port of docker0": (lambda box: box.fetch(8080).strip(), "com"),
    "port of app": (lambda box: box.fetch(8081).strip(), "com"),
    "client's address": (_client, ADDRESS),
    "loopback port": (lambda box: box.run(["busybox", "wget", "-qO-", "-T", "1", "http://127.0.0.1:8082/"], check=False).stdout.strip(), "com"),
    "within app": (lambda box: _wget(box, "front", f"http://{API}/"), "com"),
    "from docker0 to app": (lambda box: _wget(box, "web", f"http://{API}/"), ""),
}  # fmt: skip
"""Real traffic on a healthy host: the last container is isolated."""


def wrong(box: Box, names: tuple[str, ...] = tuple(TRAFFIC)) -> list[str]:
    """Which traffic does not do what it should."""
    return [name for name in names if TRAFFIC[name][0](box) != TRAFFIC[name][1]]


def found(box: Box) -> list[str]:
    """Ids of what a scan of the firewall finds, those worth an exit code."""
    done = box.doctor("scan", "--select", "firewall", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    ids = [finding["id"].removeprefix("firewall/") for finding in findings if finding["severity"] != "info"]
    assert done.returncode == (1 if ids else 0), done.stdout + done.stderr
    return ids


def processes(box: Box) -> list[list[int]]:
    """PIDs of the engine and of every container: none may change."""
    return [box.pids("dockerd"), box.pids("httpd")]
