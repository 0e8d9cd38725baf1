"""Administrators' rules at random under every firewall fault: does a repair open what was closed?

    python -m tests.hosts.campaign.reach [FIRST [COUNT]]

Seen from outside, port by port: with the rule and without the fault (healthy), with both (broken), after the repair. What the
repair opens must have been open on the healthy host, since what it names is what Docker's rules let in there.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.hosts import reach
from tests.hosts.admin_rules import FAULTS, Wish, wish
from tests.hosts.box import Box
from tests.hosts.reach import Reached, Target


class Field:
    """A box with targets, and its healthy rules."""

    def __init__(self, box: Box, targets: list[Target]) -> None:
        self.box = box
        self.targets = targets
        self.good = box.run(["iptables-save"]).stdout

    def reset(self) -> None:
        """Give back the healthy rules."""
        self.box.run(["sh", "-c", "nft flush ruleset; iptables-legacy -F; iptables-legacy -P FORWARD ACCEPT"])
        self.box.run(["iptables-nft-restore"], input=self.good)

    def scan(self) -> frozenset[Reached]:
        """What is reached now."""
        return reach.scan(self.box, self.targets)

    def opened(self, rule: Wish | None, fault: str) -> tuple[frozenset[Reached], str]:
        """Break and repair; return what is open and was neither before the repair nor on the healthy host, and the output."""
        self.reset()
        if rule is not None:
            self.box.run(["sh", "-ec", rule.text])
        healthy = self.scan()
        self.box.doctor("scan", "--select", "firewall,network")
        self.box.run(["sh", "-ec", FAULTS[fault]], check=False)
        if rule is not None and rule.flushed and ("flushed" in fault or "deleted" in fault):
            # Whoever owns the rule loads it again; one in DOCKER-USER waits for its chain.
            self.box.run(["sh", "-c", rule.text], check=False)
        broken = self.scan()
        fix = self.box.doctor("fix", "firewall", "--apply", "--yes", "--allow", "destructive")
        return self.scan() - broken - healthy, fix.stdout + fix.stderr


@contextmanager
def field() -> Iterator[Field]:
    """A box that is ready."""
    with Box() as box:
        box.start_dockerd("--live-restore")
        box.load_images()
        targets = reach.build(box)
        time.sleep(0.5)
        yield Field(box, targets)


def of_seed(seed: int) -> tuple[Wish, str]:
    """The rule and the fault of a seed."""
    random = Random(seed)
    return wish(random), random.choice(sorted(FAULTS))


def main() -> None:
    """Run a range of seeds and print what any of them opened."""
    first, count = (int(word) for word in (*sys.argv[1:], "0", "100")[:2])
    bad, mended, asked, begin = 0, 0, 0, time.monotonic()
    with field() as place:
        for seed in range(first, first + count):
            rule, fault = of_seed(seed)
            found, said = place.opened(rule, fault)
            mended += " mended by " in said
            asked += "--choose" in said
            if found:
                bad += 1
                print(f"seed {seed}: {fault} with {rule.text}\n  opened {sorted(found)}\n{said}")
    print(
        f"{count} seeds: {mended} repairs, {asked} questions, {bad} opened something; {time.monotonic() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
