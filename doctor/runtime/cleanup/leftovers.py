"""Removes leftovers of this runtime from the host's network: each rule and table has its run's token, and a live run
publishes its own.

A run that changes the host's network binds the abstract socket `doctor-runtime:TOKEN`, and so does its janitor. The
kernel removes it with the last of them, and lists it per network namespace, like the rules. A token without a socket
belongs to a dead run with a killed janitor.
"""

import os

from doctor.runtime.base import commands
from doctor.runtime.base.frozen import LaunchError

MARK = "doctor-runtime:"
TABLE = "doctor_"
_HEX = frozenset("0123456789abcdef")


def live_tokens() -> set[str]:
    """The tokens of live runs."""
    found = set()
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as source:
        for line in source:
            name = line.rpartition(" ")[2].strip()
            if name.startswith(f"@{MARK}"):
                found.add(name.removeprefix(f"@{MARK}"))
    return found


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as source:
        return source.read(4096)


def is_engine_alive() -> bool:
    """Whether a dockerd runs in this network: a bridge with an engine's name then belongs to the engine."""
    mine = os.stat("/proc/self/ns/net")
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and _text(f"/proc/{name}/comm").strip() == "dockerd":
                found = os.stat(f"/proc/{name}/ns/net")
                if (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino):
                    return True
        except OSError:
            continue
    return False


def sweep(iptables: str | None, nft: str | None) -> int:
    """Remove the rules and tables of dead runs; returns how many. A scan reports those that can't be removed."""
    gone = 0
    alive = live_tokens()
    for undo in [*_rules(iptables, alive), *_tables(nft, alive, has_iptables=iptables is not None)]:
        try:
            commands.run(undo)
        except LaunchError:
            continue
        gone += 1
    return gone


def _rules(iptables: str | None, alive: set[str]) -> list[list[str]]:
    if iptables is None or not os.access(f"{iptables}-save", os.X_OK):
        return []
    found, table = [], ""
    for line in commands.output([f"{iptables}-save"]).splitlines():
        if line.startswith("*"):
            table = line[1:]
        words = [word.strip('"') for word in line.split()]  # a comment with a colon is quoted
        token = next((word.removeprefix(MARK) for word in words if word.startswith(MARK)), "")
        if token and token not in alive and words[0] == "-A":
            found.append([iptables, "-w", "5", "-t", table, "-D", *words[1:]])
    return found


def _tables(nft: str | None, alive: set[str], *, has_iptables: bool) -> list[list[str]]:
    if nft is None or has_iptables:
        return []  # tables are made only where there is no iptables
    found = []
    for line in commands.output([nft, "list", "tables", "ip"]).splitlines():
        name = line.split()[-1] if line.split() else ""
        token = name.removeprefix(TABLE)
        if name.startswith(TABLE) and len(token) == 8 and set(token) <= _HEX and token not in alive:
            found.append([nft, "delete", "table", "ip", name])
    return found
