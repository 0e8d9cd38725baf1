"""Administrators' rules at random under every firewall fault: does a repair open what was closed?

    python -m tests.hosts.campaign.reach [--ipv6] [FIRST [COUNT]]

Seen from outside, port by port: with the rule and without the fault (healthy), with both (broken), after the repair. Ports
that the repair opens must have been open on the healthy host, because the rules that it names accept them there. With ``--ipv6``
the engine has both families, each seed breaks IPv6 or both, and the ports of both are looked at.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.hosts import reach
from tests.hosts.admin_rules import FAULTS, Wish, in_ipv6, wish
from tests.hosts.box import Box
from tests.hosts.reach import Reached, Target

_LOOKS = 3


class Field:
    """A box with targets, and its healthy rules."""

    def __init__(self, box: Box, targets: list[Target]) -> None:
        self.box = box
        self.targets = targets
        self.good = {name: box.run([f"{name}-save"]).stdout for name in ("iptables", "ip6tables")}

    def reset(self) -> None:
        """Give back the healthy rules."""
        for name in self.good:
            self.box.run(["sh", "-c", f"nft flush ruleset; {name}-legacy -F; {name}-legacy -P FORWARD ACCEPT"])
        for name, rules in self.good.items():
            self.box.run([f"{name}-nft-restore"], input=rules)

    def scan(self) -> frozenset[Reached]:
        """Return what is reached now."""
        return reach.scan(self.box, self.targets)

    def opened(self, rule: Wish | None, fault: str, versions: tuple[int, ...] = (4,)) -> tuple[frozenset[Reached], str]:
        """Break and repair; return what is open and was neither before the repair nor on the healthy host, and the output."""
        self.reset()
        if rule is not None:
            self._each(rule.text, versions, check=True)
        healthy = self.scan()
        self.box.doctor("scan", "--select", "firewall,network")
        self._each(FAULTS[fault], versions)
        if rule is not None and rule.flushed and ("flushed" in fault or "deleted" in fault):
            # Whoever owns the rule loads it again; one in DOCKER-USER waits for its chain.
            self._each(rule.text, versions)
        broken = self.scan()
        fix = self.box.doctor("fix", "firewall", "--apply", "--yes", "--allow", "destructive")
        opened = self.scan() - broken - healthy
        return self._anew(opened, rule, versions), fix.stdout + fix.stderr

    def _anew(self, opened: frozenset[Reached], rule: Wish | None, versions: tuple[int, ...]) -> frozenset[Reached]:
        """Return what is really shut on the healthy host: on a busy machine an open port may have answered too late."""
        if opened:
            self.reset()
            if rule is not None:
                self._each(rule.text, versions, check=True)
        for _ in range(_LOOKS if opened else 0):
            opened -= reach.scan(self.box, self.targets, wait_s=2)
        return opened

    def _each(self, commands: str, versions: tuple[int, ...], *, check: bool = False) -> None:
        for version in versions:
            text = commands if version == 4 else in_ipv6(commands)
            # A table of both families is made once.
            if version == 4 or text != commands or 4 not in versions:
                self.box.run(["sh", "-ec" if check else "-c", text], check=check)


@contextmanager
def field(*, ipv6: bool = False) -> Iterator[Field]:
    """A box that is ready."""
    with Box() as box:
        if ipv6:
            box.write("/etc/docker/daemon.json", json.dumps(reach.SETTINGS6))
        box.start_dockerd("--live-restore")
        box.load_images()
        targets = reach.build(box, ipv6=ipv6)
        ready = Field(box, targets)
        _wait(ready, ipv6=ipv6)
        yield ready


def _wait(place: Field, *, ipv6: bool) -> None:
    """Wait until all servers answer, at most 10 s: an IPv6 address is used only when nobody else is found to have it."""
    for _ in range(20):
        time.sleep(0.5)
        names = {found.target for found in place.scan()}
        if not ipv6 or {f"{name} (IPv6)" for name in names if "IPv6" not in name} <= names:
            return


def of_seed(seed: int) -> tuple[Wish, str]:
    """The rule and the fault of a seed."""
    random = Random(seed)
    return wish(random), random.choice(sorted(FAULTS))


def versions_of(seed: int) -> tuple[int, ...]:
    """The families that a seed breaks where the engine has both."""
    return (6,) if seed % 3 else (4, 6)


def main() -> None:
    """Run a range of seeds and print what any of them opened."""
    ipv6 = "--ipv6" in sys.argv
    first, count = (int(word) for word in (*(word for word in sys.argv[1:] if word != "--ipv6"), "0", "100")[:2])
    bad, mended, asked, begin = 0, 0, 0, time.monotonic()
    with field(ipv6=ipv6) as place:
        for seed in range(first, first + count):
            rule, fault = of_seed(seed)
            versions = versions_of(seed) if ipv6 else (4,)
            found, said = place.opened(rule, fault, versions)
            mended += " resolved by " in said
            asked += "--choose" in said
            if found:
                bad += 1
                print(f"seed {seed}: {fault} of {versions} with {rule.text}\n  opened {sorted(found)}\n{said}")
    print(
        f"{count} seeds: {mended} repairs, {asked} questions, {bad} opened something; {time.monotonic() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
