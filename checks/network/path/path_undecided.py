"""Packets of containers meet a rule or a queue that may end them, and nobody can say whether it does."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.paths import NEW, Paths, Undecided
from doctor.facts.path.way import Way

_NEEDED = frozenset({"egress", "egress-new", "dns", "peer", "published"})
"""Kinds of ways without which containers do not work; the host's own are often limited on purpose."""
_FILTERS = "filters of tc on "


@check(severity=Severity.INFO, ok="no rule, filter or queue of unknown effect may end packets of containers")
def path_undecided(paths: Paths) -> Iterator[Finding]:
    """A rule with a condition that can't be judged, a filter of tc or a queue with losses may end packets of containers.

    What it looks at:
        Each way of the running containers, as network/path-ends follows them. A rule that drops by rate, count, payload, a
        quota that is not used up or a time that is near, one that hands packets to a program (NFQUEUE), filters of tc, an XDP program, and queues that lose or limit
        packets are named, if nothing else ends the way.

    Why it matters:
        Such a rule may be harmless, or the reason for which containers reach nothing: a dead program behind a queue, and a limit
        that is used up, drop each packet.

    How it is fixed:
        Nothing is changed. ``doctor scan --probe`` decides whether packets arrive, ``doctor probe --trace`` where one ends: the
        whole command is shown. The counters of ``iptables-save -c`` or ``nft list ruleset`` show whether the rule drops any.
        For filters of tc the commands are shown.

    References:
        https://man7.org/linux/man-pages/man8/iptables-extensions.8.html
        https://man7.org/linux/man-pages/man8/tc.8.html
    """
    for one in paths.undecided:
        ways = tuple(way for way in one.ways if way.kind in _NEEDED)
        if ways:
            yield Finding(
                subject=Subject("hop", one.text),
                message=_message(one, ways),
                evidence=(
                    Evidence("ways", ", ".join(dict.fromkeys(way.text for way in ways[:5]))),
                    *_probes(ways),
                    *_commands(one.text),
                ),
            )


def _probes(ways: tuple[Way, ...]) -> Iterator[Evidence]:
    """Yield the commands that decide it: real packets on all ways, and one packet on the first way of a container."""
    yield Evidence(
        "real packets", "'doctor scan --probe' sends some on the ways of containers and decides whether they arrive"
    )
    trace = next((way.trace for way in ways if way.trace and not way.start.startswith(NEW)), "")
    if trace:
        yield Evidence("one packet", f"'doctor probe --trace {trace}' sends one of these and decides where it ends")


def _commands(text: str) -> Iterator[Evidence]:
    """Yield the commands that show the filters of an interface of the host, and those that delete them."""
    _, is_filter, device = text.partition(_FILTERS)
    if is_filter and " " not in device:
        for side in ("ingress", "egress"):
            yield Evidence(
                f"tc -s filter show dev {device} {side}",
                f"shows filters, what they redirect or drop, and how often; if nobody needs them: tc filter del dev {device} {side}",
            )


def _message(one: Undecided, ways: tuple[object, ...]) -> str:
    count = f"{len(ways)} ways of traffic" if len(ways) > 1 else "one way of traffic"
    return f"it is unknown whether packets of containers pass {one.text}: {count} depend on it"
