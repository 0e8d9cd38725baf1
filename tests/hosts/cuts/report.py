"""The results of the battery as a page."""

from collections.abc import Iterable, Sequence

from tests.hosts.cuts.judge import Judged

_HEAD = (
    "cut",
    "traffic that dies",
    "scan finds",
    "hop right",
    "in the first finding",
    "probes add",
    "healed",
    "healed after an answer",
    "PIDs same",
    "after a reboot",
    "undo",
)


def table(judged: Iterable[Judged], title: str) -> str:
    """The results as a page."""
    rows = list(judged)
    lines = [
        "# Faults of network and configuration that cut containers' traffic",
        "",
        "`python -m tests.hosts.cuts --write benchmarks/CUTS.md`, as root. Each fault is made on a healthy host with a real dockerd, judged",
        "by a dozen kinds of traffic before, after the fault, after the repair, after the answers to its questions (`--choose`, the",
        "candidate that repairs), and after a boot: a new network namespace, then what the host's own files say. After a repair,",
        "`doctor undo` must restore the faulty state: rules, routes, addresses, settings. Then the host is repaired once more.",
        "",
        f"{len(rows)} faults tried, {title}.",
        "",
        *(f"- {line}" for line in summary(rows)),
        "",
        f"| {' | '.join(_HEAD)} |",
        f"|{' --- |' * len(_HEAD)}",
        *(row(one) for one in rows),
    ]
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Judged]) -> list[str]:
    """The counts."""
    cuts = [one for one in rows if one.dead]
    healed = [one for one in cuts if one.is_healed]
    answered = [one for one in cuts if one.is_healed_by_answer]
    repaired = [one for one in (*healed, *answered) if one.rebooted is not None]
    undone = [one for one in cuts if one.undone is not None]
    counts = {
        "cut traffic": len(cuts),
        "found by a scan": sum(bool(one.found) for one in cuts),
        "found, the right hop named": sum(bool(one.found) and one.is_hop_right for one in cuts),
        "the right hop in the first finding": sum(bool(one.found) and one.is_first_right for one in cuts),
        "found by a scan with probes only": sum(bool(one.probed) and not one.found for one in cuts),
        "scan and probes both call it healthy": sum(not one.found and not one.probed for one in cuts),
        "healed by `fix --apply --allow disruptive`": len(healed),
        "healed after an answer": len(answered),
        "healed, container PIDs unchanged": sum(one.same_pids for one in (*healed, *answered)),
        "healed, and healthy after a boot": f"{sum(not one.rebooted for one in repaired)} of {len(repaired)}",
        "undo restored the faulty state": f"{sum(not one.undone for one in undone)} of {len(undone)}",
    }
    silent = ", ".join(one.cut.name for one in cuts if not one.found)
    return [*(f"{name}: {count}" for name, count in counts.items()), *([f"not found: {silent}"] if silent else [])]


def row(one: Judged) -> str:
    """One cut."""
    if one.why_not:
        return f"| {one.cut.name} | not made: {one.why_not[:120].replace(chr(10), ' ')} {'| ' * (len(_HEAD) - 1)}"
    words = (
        one.cut.name,
        ", ".join(one.dead) or "nothing",
        ", ".join(one.found) or "nothing",
        _yes(one.is_hop_right),
        _yes(one.is_first_right),
        ", ".join(one.probed) or "nothing",
        _left(one.left),
        _left(one.answered_left),
        _yes(one.same_pids),
        _left(one.rebooted, "healthy"),
        "" if one.undone is None else _yes(not one.undone) if not one.undone else f"{len(one.undone)} lines differ",
    )
    return "| " + " | ".join(words) + " |"


def _left(left: tuple[str, ...] | None, good: str = "yes") -> str:
    if left is None:
        return ""
    return f"no: {', '.join(left)}" if left else good


def _yes(value: bool) -> str:
    return "yes" if value else "no"
