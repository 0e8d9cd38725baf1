"""Distinguishes reports of one host from those of two with one name and one id, as clones have them, as far as the reports show it.

A kernel boots once: if reports of two boots take turns, or two of them overlap, two kernels ran. Without the id of the boot,
versions that take turns more than once, or scans that overlap more than once, are as suspicious.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from doctor.fleet.seen import SeenReport
from doctor.state.clock import date

_Sight = tuple[float, float, str, str]
"""Start, seconds, boot, versions."""
_MOST = 16
"""Boots of a host of which the newest report is kept: hosts that run at the same time are among the last."""
_OFTEN = 2
_LONGEST_S = 86400.0
_ROUNDED_S = 1.0
"""Reports have whole seconds. No host boots faster than that."""


class Turns(Struct):
    """When which boot of a host reported, and the newest report of each.

    Attributes:
        sights: one for each report; the same report in two files is one.
        newest: the newest report by boot, or by versions where the boot is unknown.
    """

    sights: set[_Sight] = set()
    newest: dict[str, SeenReport] = {}

    def add(self, seen: SeenReport) -> None:
        """Add a report of a running host; that of a bundle has the bundle's path as root."""
        if seen.root != "/" and not seen.boot:
            return
        self.sights.add((seen.started, min(max(seen.seconds, 0.0), _LONGEST_S), seen.boot, _versions(seen)))
        if not seen.is_narrow:
            self._keep(_who(seen), seen)

    def join(self, other: "Turns") -> None:
        """Add the reports of the same host under another key."""
        self.sights |= other.sights
        for who, seen in other.newest.items():
            self._keep(who, seen)

    def _keep(self, who: str, seen: SeenReport) -> None:
        known = self.newest.get(who)
        if known is None or seen.started > known.started:
            self.newest[who] = seen
        if len(self.newest) > _MOST:
            self.newest.pop(min(self.newest, key=lambda one: self.newest[one].started))

    def doubt(self) -> str:
        """Return why these may be the reports of several hosts, "" for no reason."""
        if len(self.sights) < _OFTEN:
            return ""
        ordered = sorted(self.sights)
        booted = [one for one in ordered if one[2]]
        if when := _last_turn([(start, seconds, boot) for start, seconds, boot, _ in booted]):
            reason = f"two boots took turns until {date(when)} (or its clock was set back)"
        elif changed := _returned([versions for _, _, boot, versions in ordered if not boot]):
            reason = f"{' and '.join(changed)} took turns"
        elif sum(1 for one, two in pairwise(ordered) if one[0] + one[1] - two[0] > _ROUNDED_S) >= _OFTEN:
            reason = "several scans ran at the same time"
        else:
            return ""
        return f"these reports may come from two hosts with one name and one id: {reason}"

    def beside(self, chosen: SeenReport) -> list[SeenReport]:
        """Return the newest reports of the hosts that ran at the same time as the one of this report."""
        mine = _who(chosen)
        begin = min((one[0] for one in self.sights if (one[2] or one[3]) == mine), default=chosen.started)
        return [seen for who, seen in self.newest.items() if who != mine and seen.started >= begin]


def _who(seen: SeenReport) -> str:
    return seen.boot or _versions(seen)


def _versions(seen: SeenReport) -> str:
    return ", ".join(filter(None, (f"kernel {seen.versions['kernel']}", seen.versions["os"])))


def _last_turn(sights: list[tuple[float, float, str]]) -> float:
    """Return when a boot last reported although another one had reported after its first, or at the same time; 0 for never."""
    last = 0.0
    ended: set[str] = set()
    for (start, seconds, boot), (then, _, other) in pairwise(sights):
        if boot == other:
            continue
        ended.add(boot)
        if other in ended or then - start < max(seconds, _ROUNDED_S):
            last = then
    return last


def _returned(every: list[str]) -> list[str]:
    """Return versions that were replaced and came back, if that happened more than once: a downgrade happens once."""
    came = Counter(_changes(every))
    back = sum(number - 1 for number in came.values())
    return sorted(came)[:2] if back >= _OFTEN else []


def _changes(every: list[str]) -> Iterator[str]:
    previous = None
    for one in every:
        if one != previous:
            yield one
        previous = one
