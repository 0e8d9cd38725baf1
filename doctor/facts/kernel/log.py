"""Events in the kernel's log that concern containers, and which of them are recent.

The log is a ring buffer in memory: it begins at the last boot at most. An event counts for a day, so an old line of a machine
that runs for a year yields no finding. Process names in it are hostile text: patterns are anchored, and a container is only tied
to a line by its id in the path of a control group, which the kernel writes.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from doctor.facts.containers.containers import Container, Containers
from doctor.formats.kernel.kernel_log import LogLine

DAY_S = 86_400.0
_MOST = 500
_ID = r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"
_KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "oom": (
        ("oom-kill:",),
        (r"oom-kill:constraint=CONSTRAINT_\w+,nodemask=(?:\(null\)|[\d,-]*),cpuset=(?>.*?,mems_allowed=)[\d,-]*"
            r"(?>,oom_memcg=(?P<limited>.+?),task_memcg=|,global_oom,task_memcg=)(?>(?P<subject>.+?),task=)"
            r"(?P<name>.*),pid=(?P<pid>\d+),uid=\d+"),
    ),
    "limit": ((", failcnt ",), r"memory: usage \d+kB, limit (?P<subject>\d+)kB, failcnt \d+"),
    "io": (
        (" error, dev ", "I/O error on dev "),
        r"(?:blk_update_request: )?(?:Buffer )?(?:I/O error|critical [\w ]+ error)(?:,| on) dev (?P<subject>[^ ,]+),.*",
    ),
    "file-system": (
        (" error (device ", " critical (device ", "orruption", "hut down", "hutting down", "force_shutdown",
         "Remounting filesystem"),
        (r"(?:EXT[34]-fs|F2FS-fs) error \(device (?P<ext>[^ ):]+)\).*"
        r"|XFS \((?P<xfs>[^ )]+)\): .*(?:[Cc]orruption|[Ss]hut(?:ting)? ?down|I/O Error|force_shutdown).*"
        r"|BTRFS:? (?:error|critical) \(device (?P<btrfs>[^ ):]+).*"
        r"|EXT4-fs \((?P<remounted>[^ )]+)\): Remounting filesystem read-only"),
    ),
    "hung": (
        (" blocked for more than ",),
        r"INFO: task (?P<name>.+):(?P<subject>\d+) blocked for more than (?P<limited>\d{1,9}) seconds\..*",
    ),
    "conntrack": (
        ("table full",), r"(?:nf_conntrack: )+table full(?: in netns (?P<subject>\d+))?, dropping packet",
    ),
    "neighbours": (
        ("table overflow",), r"neighbour: (?P<subject>arp_cache|ndisc_cache): neighbor table overflow!",
    ),
    "own-address": (
        ("own address",),
        r"(?P<subject>[^ /:]{1,15}): received packet on (?P<name>\S+)\s+with own address as source address.*",
    ),
    "release": (
        ("unregister_netdevice",),
        r"unregister_netdevice: waiting for (?P<subject>\S+) to become free\. Usage count = -?\d+",
    ),
    "fork": (("fork rejected",), r"cgroup: fork rejected by pids controller in (?P<subject>/.+)"),
}  # fmt: skip
"""Words of which a line of the kind has one, and its pattern: a pattern is compiled only for a line with such a word."""
WORDS = tuple(word.encode() for words, _ in _KINDS.values() for word in words)


MOUNTED = (b": mounted filesystem", b": Mounting V", b": first mount of filesystem")
_MOUNT = r"(?:EXT[34]-fs|XFS|BTRFS info) \((?:device )?(?P<device>[^ )]+)\): (?:mounted filesystem|Mounting V|first mount of filesystem).*"
_REUSED = ("loop", "dm-", "md", "nbd", "rbd", "zram")
"""Beginnings of device names that the next device gets again."""


class KernelEvent(Struct, frozen=True, kw_only=True):
    """One event.

    Attributes:
        kind: ``oom``, ``io``, ``file-system``, ``hung``, ``conntrack``, ``neighbours``, ``own-address``, ``release`` or ``fork``.
        age_s: seconds since then.
        text: the line.
        subject: the control group of the killed or rejected process, the device, interface, table or pid.
        name: name of the process or the second interface, "" for none.
        limited: of an ``oom``: the control group whose limit was reached, "" for the whole host; of a ``hung``: the seconds of waiting before.
        limit_bytes: that limit, 0 if unknown.
    """

    kind: str
    age_s: float
    text: str
    subject: str = ""
    name: str = ""
    limited: str = ""
    limit_bytes: int = 0

    @property
    def ago(self) -> str:
        """Its age in words."""
        return ago(self.age_s)


class KernelLog(Struct, frozen=True, kw_only=True):
    """Events in the kernel's log, oldest first.

    Attributes:
        events: the events.
        namespace: number of this host's network namespace, "" if unknown.
        devices: name of a block device ("sda", "sda1") → the paths on it, if there are events of disks.
        thresholds: key → limit of the neighbour tables, if one has overflowed.
        is_own: whether the control groups in it have the paths that they have on this host; a container of the machine sees others.
    """

    events: tuple[KernelEvent, ...] = ()
    namespace: str = ""
    devices: dict[str, tuple[str, ...]] = {}
    thresholds: dict[str, int] = {}
    is_own: bool = True

    def recent(self, kind: str, within_s: float = DAY_S) -> tuple[KernelEvent, ...]:
        """Return the events of a kind of the last day, or of another time."""
        return tuple(event for event in self.events if event.kind == kind and event.age_s <= within_s)

    def by_device(self, kind: str) -> Iterator[tuple[str, tuple[str, ...], tuple[KernelEvent, ...]]]:
        """Yield (device, its paths, recent events) for the devices below the engine's and the system's files."""
        for device, events in grouped(self.recent(kind), lambda event: event.subject).items():
            if device in self.devices:
                yield device, self.devices[device], events


def grouped(events: Iterable[KernelEvent], key: Callable[[KernelEvent], str]) -> dict[str, tuple[KernelEvent, ...]]:
    """Return events by a key, in the order of the first one; without those whose key is ""."""
    found: dict[str, list[KernelEvent]] = {}
    for event in events:
        if name := key(event):
            found.setdefault(name, []).append(event)
    return {name: tuple(ones) for name, ones in found.items()}


def container_at(path: str, containers: Containers) -> Container | None:
    """Return the container of this host with its id in a control group's path; ``None`` for anything else.

    A machine's log also has lines of containers in other hosts on the same kernel, and of containers that are gone.
    """
    for identity in re.findall(_ID, path):
        found = containers.get(identity)
        if found is not None:
            return found
    return None


def times(events: tuple[KernelEvent, ...]) -> str:
    """Return how often and when something happened.

    >>> times((KernelEvent(kind="io", age_s=7300, text=""), KernelEvent(kind="io", age_s=90, text="")))
    '2 times in the last day, last 1 minute ago'
    """
    if len(events) == 1:
        return f"once in the last day, {events[0].ago}"
    return f"{len(events)} times in the last day, last {events[-1].ago}"


def ago(seconds: float) -> str:
    """Return an age in words.

    >>> ago(5), ago(3600), ago(50 * 3600)
    ('5 seconds ago', '1 hour ago', '50 hours ago')
    """
    for unit, length in (("hour", 3600), ("minute", 60), ("second", 1)):
        count = int(seconds) // length
        if count or length == 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return ""


def events_of(lines: Iterable[LogLine], now_s: float) -> tuple[KernelEvent, ...]:
    """Return the events in lines of the log; of one kind, the last 500 lines that may be one are compared."""
    found: list[KernelEvent] = []
    limit_bytes = 0
    for kind, line in _candidates(lines):
        match = re.fullmatch(_KINDS[kind][1], line.text)
        if match is None:
            continue
        fields = match.groupdict()
        if kind == "limit":
            # The report of a kill has it before the line of the kill.
            limit_bytes = int(fields["subject"][:15]) * 1024
            continue
        found.append(_event(kind, fields, line.text, max(now_s - line.seconds, 0.0), limit_bytes))
        limit_bytes = 0 if kind == "oom" else limit_bytes
    return tuple(sorted(found, key=lambda event: -event.age_s))


def _candidates(lines: Iterable[LogLine]) -> list[tuple[str, LogLine]]:
    """Return the lines with a word of a kind, oldest first: hostile lines cost time in proportion to their number."""
    kept: list[tuple[str, LogLine]] = []
    count = dict.fromkeys(_KINDS, 0)
    for line in reversed(list(lines)):
        kind = next((kind for kind, (words, _) in _KINDS.items() if any(word in line.text for word in words)), "")
        if kind and count[kind] < _MOST:
            count[kind] += 1
            kept.append((kind, line))
    return kept[::-1]


def _event(kind: str, fields: dict[str, str | None], text: str, age_s: float, limit_bytes: int) -> KernelEvent:
    names = ("subject", "ext", "xfs", "btrfs", "remounted")
    return KernelEvent(
        kind=kind,
        age_s=age_s,
        text=text,
        subject=next((value for name in names if (value := fields.get(name))), ""),
        name=fields.get("name") or "",
        limited=fields.get("limited") or "",
        limit_bytes=limit_bytes if kind == "oom" else 0,
    )


def without_earlier(
    events: tuple[KernelEvent, ...], mounts: Iterable[LogLine], now_s: float
) -> tuple[KernelEvent, ...]:
    """Return the events without those of an earlier life of their device.

    A file system that was mounted since is another one, or was checked. An error of a disk remains one, unless its name is
    given to the next device.
    """
    since: dict[str, float] = {}
    for line in mounts:
        match = re.fullmatch(_MOUNT, line.text)
        if match is not None:
            since[match["device"]] = max(now_s - line.seconds, 0.0)
    return tuple(event for event in events if not _is_earlier(event, since.get(event.subject)))


def _is_earlier(event: KernelEvent, mounted_s: float | None) -> bool:
    if mounted_s is None or event.age_s <= mounted_s:
        return False
    return event.kind == "file-system" or (event.kind == "io" and event.subject.startswith(_REUSED))
