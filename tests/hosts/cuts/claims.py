"""Each claim of the fact Paths beside real packets: `python -m tests.hosts.cuts.claims --faults 30`, as root.

A fault of the battery, or two at once, is made in a box with a real dockerd. Every way that a scan calls cut must be dead, and every
way that it calls delivered must be alive; unknown ways are counted.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from random import Random
from typing import Any

from tests.hosts.box import Box, why_not
from tests.hosts.cuts import hosts
from tests.hosts.cuts.__main__ import __all__ as _rooms
from tests.hosts.cuts.cut import CUTS, PRELUDE, Cut
from tests.hosts.sandbox import CHECKOUT, SandboxError

PYTHON = str(CHECKOUT / ".venv/bin/python")
_WALK = """
import json, sys
from doctor.collect.path import following
from doctor.cli.entry import command
claims, merged = [], following.merged

def noted(pairs, gaps=()):
    # A walk stands for all ways of containers that are alike, and for the programs that its pings stand for.
    pairs = [(walk, tuple(ways)) for walk, ways in pairs]
    for walk, ways in pairs:
        for way in ways:
            claims.append(
                {name: getattr(way, name) for name in ("kind", "start", "end", "target", "source")}
                | {name: getattr(walk.way, name) for name in ("port", "protocol")}
                | {"verdict": walk.end, "cause": walk.cause, "says": walk.says}
            )
    return merged(pairs, gaps)

following.merged = noted
sys.argv = ["doctor", "scan", "--select", "network", "--format", "json", "-o", "/dev/null"]
try:
    command()
except SystemExit:
    pass
print(json.dumps(claims))
"""
SEND = """
import json, os, socket, struct, sys

def asked(way):
    family = socket.AF_INET6 if ":" in way["target"] else socket.AF_INET
    if way["protocol"] == "icmp":
        six = family == socket.AF_INET6
        with socket.socket(family, socket.SOCK_RAW, socket.getprotobyname("ipv6-icmp" if six else "icmp")) as one:
            one.settimeout(1)
            number = os.getpid() & 0xFFFF
            body = b"x" * 8
            head = struct.pack("!BBHHH", 128 if six else 8, 0, 0, number, 1)
            total = sum(struct.unpack(f"!{len(head + body) // 2}H", head + body))
            total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
            # As programs do: the kernel looks a route up again with the address that it chose.
            one.connect((way["target"], 0))
            one.send(head[:2] + struct.pack("!H", 0 if six else total) + head[4:] + body)
            while True:
                data, peer = one.recvfrom(200)
                answer = data if six else data[(data[0] & 15) * 4:]
                if answer[0] == (129 if six else 0) and answer[4:6] == struct.pack("!H", number):
                    return True
    if way["protocol"] == "udp":
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.settimeout(1)
            one.connect((way["target"], way["port"]))
            one.send(struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\\x04app2\\0\\0\\1\\0\\1")
            return bool(one.recv(512))
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(1.5)
        if way["source"]:
            one.bind((way["source"], 0))
        one.connect((way["target"], way["port"]))
        one.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
        return bool(one.recv(512))

results = []
for way in json.load(sys.stdin):
    try:
        results.append(asked(way))
    except OSError:
        results.append(False)
print(json.dumps(results))
"""


def main() -> int:
    """Judge random faults; 1 if a claim is wrong."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    assert _rooms, "the cuts are registered by importing their modules"
    counts: Counter[str] = Counter()
    wrong = 0
    for number in range(options.first, options.first + options.faults):
        chosen = drawn(f"{options.seed}.{number}")
        try:
            found = judged(chosen)
        except (SandboxError, OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"{options.seed}.{number} {' + '.join(one.name for one in chosen)}: not judged: {str(error)[:200]}")
            continue
        kinds = Counter(one["kind"] for one in found)
        counts += kinds
        counts["faults"] += 1
        print(f"{options.seed}.{number} {' + '.join(one.name for one in chosen)}: {dict(kinds)}", flush=True)
        for one in found:
            if one["kind"] == "WRONG":
                wrong += 1
                print(
                    f"  WRONG: {one['way']}: {'answered' if one['alive'] else 'no answer'}; the fact: {one['verdict']} {one['cause']}: {one['says']}"
                )
    print(dict(counts))
    return int(bool(wrong))


def drawn(seed: str) -> list[Cut]:
    """One fault, or two of hosts of one kind."""
    random = Random(seed)
    pool = [one for one in CUTS.values() if one.name not in _UNMADE]
    first = random.choice(pool)
    if random.random() < 0.7:
        return [first]
    return [first, random.choice([one for one in pool if one.version == first.version and one is not first])]


_UNMADE = frozenset({"bridge/vlan-filtering", "socket/only-loopback", "proxy/stopped"})
"""Not possible with every kernel, or of a program that stands still while its socket takes connections."""


def judged(chosen: list[Cut]) -> list[dict[str, Any]]:
    """Make the faults, let the fact speak, send the packets."""
    version = chosen[0].version
    with hosts.healthy(version) as box:
        hosts.settle(box, version)
        box.start_dockerd()
        box.doctor("scan")
        _outside(box)
        for one in chosen:
            done = box.run(["sh", "-ec", PRELUDE + one.script], check=False)
            if done.returncode and len(chosen) == 1:
                raise ValueError(f"{one.name}: {done.stderr.strip()}")
        said = box.run([PYTHON, "-c", _WALK], check=False, timeout=120)
        if said.returncode or not said.stdout.strip():
            raise ValueError(f"the scan failed: {said.stderr[-300:]}")
        claims = json.loads(said.stdout.splitlines()[-1])
        fates = _fates(box, claims)
        late = [
            claim
            for claim, fate in zip(claims, fates, strict=True)
            if claim["verdict"] == "delivered" and fate is False
        ]
        again = iter(_fates(box, late))
        return [
            _compared(claim, next(again) if claim in late else fate) for claim, fate in zip(claims, fates, strict=True)
        ]


_BY_OTHERS = frozenset({"local-address", "wrong-way"})
"""Causes with which somebody else answers: a ping's answer has no name in it."""


def _compared(claim: dict[str, Any], alive: bool | None) -> dict[str, Any]:
    way = f"{claim['kind']} {claim['start']} -> {claim['end']} {claim['protocol']} {claim['target']} {claim['port']}"
    if alive is None or (claim["protocol"] == "icmp" and claim["cause"] in _BY_OTHERS):
        kind = "not sent"
    elif claim["verdict"] == "unknown":
        kind = "unknown"
    else:
        right = alive == (claim["verdict"] == "delivered")
        kind = ("delivered" if alive else "cut") if right else "WRONG"
    return {**claim, "way": way, "kind": kind, "alive": alive}


def _outside(box: Box) -> None:
    """Let the network outside have the addresses that stand for it, and a program at the port that is asked."""
    for address in ("193.0.14.129/32", "9.9.9.9/32", "2001:7fd::1/128"):
        box.outside(["ip", "addr", "add", address, "dev", "lo"], check=False)
    box.outside(
        ["sh", "-c", "for p in 443; do setsid busybox nc -lk -p $p -e echo hello >/dev/null 2>&1 </dev/null & done"]
    )


def _fates(box: Box, claims: list[dict[str, Any]]) -> list[bool | None]:
    """Whether each way is answered, ``None`` for one that can't be tried."""
    by_place: dict[str, list[int]] = {}
    for number, claim in enumerate(claims):
        by_place.setdefault(claim["start"], []).append(number)
    fates: list[bool | None] = [None] * len(claims)
    for place, numbers in by_place.items():
        asked = json.dumps([claims[number] for number in numbers])
        text = _sent(box, place, asked)
        if text:
            for number, fate in zip(numbers, json.loads(text), strict=True):
                fates[number] = fate
    return fates


def _sent(box: Box, place: str, asked: str) -> str:
    if place == "outside":
        command = ["nsenter", "-t", str(box.outside_pid), "-n", sys.executable, "-c", SEND]
        return subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=120).stdout
    if place.startswith("a new container"):
        return _new(box, place, asked)
    enter: list[str] = []
    if place != "host":
        pid = box.run(
            ["docker", "inspect", "-f", "{{.State.Pid}}", place.removeprefix("container ")], check=False
        ).stdout.strip()
        if not pid or pid == "0":
            return ""
        enter = ["nsenter", "-t", pid, "-n"]
    return box.run([*enter, PYTHON, "-c", SEND], input=asked, check=False, timeout=120).stdout


def _new(box: Box, place: str, asked: str) -> str:
    """Ask from a container that is made for it."""
    network = "app" if "br-app" in place else "bridge"
    started = box.run(["docker", "run", "-d", "--rm", "--network", network, "bb:1", "sleep", "60"], check=False)
    name = started.stdout.strip()
    if started.returncode or not name:
        return json.dumps([False] * len(json.loads(asked)))
    try:
        return _sent(box, name, asked)
    finally:
        box.run(["docker", "rm", "-f", name], check=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.cuts.claims", description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--first", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
