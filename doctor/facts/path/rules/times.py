"""Conditions on the clock, judged where they hold for a whole minute before and after the rules were read."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from doctor.facts.path.rules.form import Condition, Doubt
from doctor.facts.path.rules.iptables_option import RuleOption
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.values import Value, one_of

Test = Callable[[int], bool]
"""Whether a condition holds at a second of the epoch."""

_DAY_S = 86_400
_NEAR_S = 60
_NEAR = tuple(range(-_NEAR_S, _NEAR_S + 1))
_ZONES_S = 15 * 3600 + _NEAR_S
_ANY_ZONE = (-_ZONES_S, 0, _ZONES_S)
"""The kernel's own time zone, at most 15 hours, is not known, and it names the day: between these moments no day is skipped."""

KEYS = frozenset({"hour", "day", "time"})
"""Keys of nft's ``meta`` that are about the clock."""
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHORT_DAYS = {name[:3]: number for number, name in enumerate(_DAYS)}
_NEGATIVE = frozenset({"!=", "!"})
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": int.__lt__,
    ">": int.__gt__,
    "<=": int.__le__,
    ">=": int.__ge__,
}


def of_nft(key: str, operator: str, right: Any, spelled: str) -> Condition | Doubt:
    """Return a condition of nft on ``meta hour``, ``day`` or ``time``, as nft prints it in UTC."""
    test = _ordered(key, operator, right) if operator in _ORDER else _equal(key, right)
    if test is None:
        return Doubt(spelled)
    return _at_clock(test, _ANY_ZONE if key == "day" else _NEAR, spelled, is_negated=operator in _NEGATIVE)


def of_iptables(options: Sequence[RuleOption]) -> Condition | Doubt:
    """Return the condition of one ``-m time``. With ``--kerneltz`` it is a doubt: that zone is not known."""
    text = " ".join(one.text for one in options)
    test = _window({one.name: one for one in options}) if len({one.name for one in options}) == len(options) else None
    return Doubt(text) if test is None else _at_clock(test, _NEAR, text)


def _at_clock(test: Test, around: Sequence[int], text: str, *, is_negated: bool = False) -> Condition:
    known: dict[int, int | None] = {}

    def read(_packet: Packet, scope: Surroundings) -> Value:
        clock = scope.clock()
        if clock is None:
            return None
        now = int(clock)
        if now not in known:
            held = test(now)
            known[now] = int(held) if all(test(now + offset) == held for offset in around) else None
        return known[now]

    return Condition(read, one_of(1), is_negated, text=text)


def _reader(key: str) -> Callable[[int], int]:
    if key == "hour":
        return lambda moment: moment % _DAY_S
    return _weekday if key == "day" else int


def _weekday(moment: int) -> int:
    """Return the day of the week: 0 is Sunday. The epoch began on a Thursday."""
    return (moment // _DAY_S + 4) % 7


def _value(key: str, text: Any) -> int | None:
    if not isinstance(text, str):
        return None
    if key == "day":
        return _DAYS.index(text) if text in _DAYS else None
    return _clock(text) if key == "hour" else _moment(text)


def _clock(text: str) -> int | None:
    """Return a time of day in seconds.

    >>> _clock("10:00"), _clock("23:59:59"), _clock("9 am")
    (36000, 86399, None)
    """
    words = text.split(":")
    if len(words) not in {2, 3} or not all(word.isascii() and word.isdigit() and len(word) == 2 for word in words):
        return None
    hour, minute, second = (*map(int, words), 0)[:3]
    found = hour * 3600 + minute * 60 + second
    return found if minute < 60 and second < 60 and found <= _DAY_S else None


def _moment(text: str) -> int | None:
    """Return a date in seconds of the epoch.

    >>> _moment("2026-01-02 10:00:00"), _moment("2026-01-02T10:00:00"), _moment("2026-02-30 00:00:00")
    (1767348000, 1767348000, None)
    """
    if len(text) != 19:
        return None
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _ordered(key: str, operator: str, right: Any) -> Test | None:
    value, compare, read = _value(key, right), _ORDER[operator], _reader(key)
    if value is None or key == "day":
        return None
    return lambda moment: compare(read(moment), value)


def _equal(key: str, right: Any) -> Test | None:
    listed = right.get("set") if isinstance(right, dict) and "set" in right else [right]
    if not isinstance(listed, list):
        return None
    spans = [_span(key, one) for one in listed]
    known = [one for one in spans if one is not None]
    if len(known) != len(spans):
        return None
    read = _reader(key)
    return lambda moment: any(_is_within(read(moment), low, high) for low, high in known)


def _span(key: str, value: Any) -> tuple[int, int] | None:
    """Return the first and last value; of hours, the last may be on the next day."""
    found = value.get("range") if isinstance(value, dict) else [value, value]
    if not isinstance(found, list) or len(found) != 2:
        return None
    low, high = (_value(key, one) for one in found)
    if low is None or high is None or (low > high and key != "hour"):
        return None
    return low, high


def _is_within(value: int, low: int, high: int) -> bool:
    return low <= value <= high if low <= high else value >= low or value <= high


def _window(options: dict[str, RuleOption]) -> Test | None:
    """Return what the kernel's module does with the options, as iptables-save prints them: in UTC."""
    if not options.keys() <= _OPTIONS.keys() or any(
        one.is_negated and name not in _LISTS for name, one in options.items()
    ):
        return None
    given = {name: _OPTIONS[name](one.value) for name, one in options.items()}
    if None in given.values():
        return None
    start, stop = given.get("--timestart", 0), given.get("--timestop", _DAY_S - 1)
    first, last = given.get("--datestart", 0), given.get("--datestop", 1 << 40)
    days = {name: (given[name], options[name].is_negated) for name in _LISTS if name in given}

    def holds(moment: int) -> bool:
        time = moment % _DAY_S
        # From one time to the same is the whole day.
        if not first <= moment <= last or not (start == stop or _is_within(time, start, stop)):
            return False
        day = moment
        if start >= stop and "--contiguous" in given and time <= stop:
            day -= _DAY_S
        return all((_LISTS[name](day) in wanted) != is_negated for name, (wanted, is_negated) in days.items())

    return holds


def _weekdays(text: str) -> frozenset[int] | None:
    found = [_SHORT_DAYS.get(word) for word in text.split(",")]
    return None if None in found else frozenset(one for one in found if one is not None)


def _monthdays(text: str) -> frozenset[int] | None:
    words = text.split(",")
    return (
        frozenset(map(int, words))
        if all(word.isascii() and word.isdigit() and len(word) < 3 for word in words)
        else None
    )


_LISTS: dict[str, Callable[[int], int]] = {
    "--weekdays": _weekday,
    "--monthdays": lambda moment: datetime.fromtimestamp(moment, UTC).day,
}
_OPTIONS: dict[str, Callable[[str], Any]] = {
    "--timestart": _clock,
    "--timestop": _clock,
    "--datestart": _moment,
    "--datestop": _moment,
    "--weekdays": _weekdays,
    "--monthdays": _monthdays,
    "--contiguous": lambda text: None if text else True,
    "--utc": lambda text: None if text else True,
}
