"""The text of firewall rules: of nftables by handle, of iptables-legacy by counters."""

import subprocess
from collections.abc import Callable

from doctor.formats.trace.nftrace import rule_text
from doctor.host.trace.netns import NetPlace

_LIMIT_S = 5.0


def nft_rule(place: NetPlace, family: str, table: str, chain: str, handle: int) -> str:
    """Return the text of a rule, "" if it can't be listed."""
    return rule_text(output(place, ("nft", "-s", "-a", "list", "chain", family, table, chain)), handle)


def legacy_hits(place: NetPlace, version: int, send: Callable[[], None]) -> tuple[str, str]:
    """Return the save of iptables-legacy with counters before and after ``send``; empty without legacy rules."""
    program = "iptables-legacy-save" if version == 4 else "ip6tables-legacy-save"
    before = output(place, (program, "-c"))
    if not before:
        return "", ""
    send()
    return before, output(place, (program, "-c"))


def output(place: NetPlace, argv: tuple[str, ...]) -> str:
    """Return what a program of the host prints inside a place, "" if it fails."""

    def work() -> str:
        try:
            done = subprocess.run(argv, capture_output=True, timeout=_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""

    return place.do(work)
