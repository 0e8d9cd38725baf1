"""Helpers of tests of the probes: a run of ``doctor probe``, its possible traces, and faults that end with a test."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.hosts.box import Box

ALL = {"dns", "egress", "image", "limits", "logs", "port", "start", "storage"}
NETWORK = {"dns", "egress", "port"}
FORWARD = "/proc/sys/net/ipv4/ip_forward"


class Probed:
    """The output of ``doctor probe``."""

    def __init__(self, exit_code: int, document: dict[str, Any]) -> None:
        self.exit = exit_code
        self.by_name: dict[str, dict[str, Any]] = {probe["name"]: probe for probe in document["probes"]}

    def named(self, outcome: str) -> set[str]:
        """Names of the probes with this outcome."""
        return {name for name, probe in self.by_name.items() if probe["outcome"] == outcome}

    def said(self, name: str) -> str:
        """A probe's message and evidence as one text."""
        probe = self.by_name[name]
        lines = [f"{entry['source']} | {entry['value']}" for entry in probe["evidence"]]
        return "\n".join([probe["message"], *lines])


def probe(box: Box, *names: str, env: dict[str, str] | None = None) -> Probed:
    done = box.doctor("probe", *names, "--format", "json", env=env)
    print(done.stdout, done.stderr)
    return Probed(done.returncode, json.loads(done.stdout))


def traces(box: Box) -> list[str]:
    """Return possible traces of test containers: interfaces, rules, cgroups, network namespaces, doctor's own files, mounts."""
    script = """
    ls /sys/class/net | grep -v ^veth
    for save in iptables-save ip6tables-save; do $save | grep '^-A'; done
    find /sys/fs/cgroup -path '*doctor-runtime/*' -type d
    find /var/lib/doctor /tmp /run -xdev -name 'doctor*' -o -xdev -path '/var/lib/doctor/*'
    grep -c . /proc/self/mountinfo
    pgrep -f "[d]octor/runtime"
    """
    found = box.run(["sh", "-c", script], check=False).stdout.splitlines()
    # Entries of reservations that nobody holds go with the next start.
    return sorted(line for line in found if not line.endswith("/probe.lock") and "/reserved" not in line)


@contextmanager
def undone(box: Box) -> Iterator[None]:
    """Restore the firewall and forwarding."""
    rules, forward = box.run(["iptables-save"]).stdout, box.read(FORWARD)
    yield
    box.run(["iptables-restore"], input=rules)
    box.write(FORWARD, forward)


def iptables(box: Box, rule: str) -> None:
    box.run(["iptables", *rule.split()])


def wait_for_servers(box: Box) -> None:
    end = time.monotonic() + 5
    while not (box.fetch(8080) and box.fetch(8081)) and time.monotonic() < end:
        time.sleep(0.05)


def mesh(box: Box) -> str:
    return f"br-{box.docker('network', 'inspect', '-f', '{{.Id}}', 'mesh')[:12]}"
