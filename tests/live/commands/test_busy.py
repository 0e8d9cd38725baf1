"""A host at work looks as healthy as one at rest: a scan reads one thing after the other while containers come and go."""

import json
import time
from collections import Counter

import pytest

from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

SCANS = 30
SWITCH = "/tmp/at-work"
LOOPS = (
    "name=a$n; docker run -d --name $name -p 80 com:1 httpd -f -p 80 -h /www; docker rm -f $name",
    "docker run --rm bb:1 true",
    "docker restart -t 0 plain",
    """
    docker network create n$n
    docker run -d --name c$n --network n$n -v v$n:/data -p 80 bb:1 sleep 100
    docker rm -f c$n
    docker network rm n$n
    docker volume rm v$n
    """,
    "docker create --name k$n -v /anon bb:1; docker rm -v k$n; docker commit job x$n:1; docker rmi x$n:1",
)
"""Each is done again and again, with another ``n`` each time; together they keep the engine from ever being still."""


def at_work(box: Box) -> None:
    """Begin the loops; they end soon after ``SWITCH`` is gone."""
    box.write(SWITCH, "")
    for number, loop in enumerate(LOOPS):
        body = f"n={number}00000; while [ -e {SWITCH} ]; do n=$((n+1)); {loop}\nsleep 0.1; done"
        box.start(["sh", "-c", f"exec >/dev/null 2>&1; {body}"], log="/tmp/at-work.log")


def test_nothing_is_wrong_with_a_host_at_work(patient_box: Box) -> None:
    """Thirty scans while five loops make, start, restart and remove containers, networks, volumes and images; then a plan.

    Without a second look nearly every scan shows something: runc's state of a container that came after the list of processes,
    half of a layer, a network without its rules.
    """
    box = patient_box
    assert kit.ids(box) == set()
    at_work(box)
    time.sleep(1)
    seen: Counter[str] = Counter()
    try:
        for _ in range(SCANS):
            seen.update(kit.ids(box))
        planned = json.loads(box.doctor("fix", "--format", "json").stdout)["actions"]
    finally:
        box.run(["rm", SWITCH])
    assert seen == Counter()
    assert planned == []


def test_what_is_wrong_is_seen_on_a_host_at_work(patient_box: Box) -> None:
    """Looking twice hides nothing that stays."""
    box = patient_box
    box.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    at_work(box)
    time.sleep(1)
    try:
        found = [kit.ids(box) for _ in range(3)]
    finally:
        box.run(["rm", SWITCH])
    assert all("network/ip-forward-off" in ids for ids in found)
