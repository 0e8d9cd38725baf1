"""The values of options and arguments, for completion. Nothing here examines the host; few files are read."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from doctor.cli.completion import engine, own

FILES = 0
"""The shell completes names of files. This and the others are its orders."""
SPACE = 4
"""Add a space after a value; no names of files."""
NO_SPACE = 6
"""A value may be longer: an area, a list with commas."""
DIRECTORIES = 16
_LONGEST = 120


class Values(NamedTuple):
    """Values with their descriptions, and what the shell does."""

    items: tuple[tuple[str, str], ...] = ()
    directive: int = SPACE

    def after(self, start: str) -> "Values":
        """Return them behind the part of the word that is not theirs."""
        return (
            Values(tuple((f"{start}{value}", about) for value, about in self.items), self.directive) if start else self
        )


class Incomplete(NamedTuple):
    """The incomplete word, and the parameters that were given before it."""

    word: str
    given: dict[str, Any]
    help: str


def names(found: Iterable[Any], context: Any) -> Values:
    """Return the names of commands or options, with the first line of their help."""
    flags = {flag: one.help for one in context.command.params for flag in one.opts if getattr(one, "help", "")}
    inner = getattr(context.command, "commands", {})
    about = {name: one.get_short_help_str(_LONGEST) for name, one in inner.items()} | flags
    return Values(tuple((one.value, about.get(one.value, "").partition("\n")[0].removesuffix(".")) for one in found))


def values_of(context: Any, parameter: Any, word: str) -> Values:
    """Return the values of a parameter that begin with a word; all that a shell can do without is left out."""
    name = f"{context.command.name} {parameter.name}"
    find = _VALUES.get(name) or _VALUES.get(parameter.name) or _BY_METAVAR.get(str(parameter.metavar).strip("[]"))
    if find is None:
        return Values()
    return find(Incomplete(word, {key: value for key, value in context.params.items() if value}, parameter.help or ""))


def _of(*words: str) -> Callable[[Incomplete], Values]:
    return lambda asked: _starting(words, asked.word)


def _starting(words: Iterable[str], word: str, directive: int = SPACE) -> Values:
    return Values(tuple((one, "") for one in words if one.startswith(word)), directive)


def _checks(asked: Incomplete) -> Values:
    """Areas, and the ids of an area that is named: all ids at once would fill the screen."""
    area, is_named, _ = asked.word.partition("/")
    fitting = [one for one in own.areas() if one == area or (one.startswith(area) and not is_named)]
    if len(fitting) != 1:
        return _starting(fitting, asked.word, NO_SPACE)
    known = own.check_ids(fitting[0])
    given = {str(one) for value in asked.given.values() if isinstance(value, (list, tuple)) for one in value}
    found = _starting([*fitting, *(one for one in known if one not in given)], asked.word)
    return Values(found.items, SPACE if is_named else NO_SPACE)


def _list_of_checks(asked: Incomplete) -> Values:
    *before, word = asked.word.split(",")
    found = _checks(Incomplete(word, {"": before}, ""))
    return Values(found.items, NO_SPACE).after("".join(f"{one}," for one in before))


def _explained(asked: Incomplete) -> Values:
    found = _checks(asked)
    return (
        Values((*found.items, *_starting(["topics"], asked.word).items), found.directive)
        if not asked.given.get("words")
        else Values()
    )


def _formats(asked: Incomplete) -> Values:
    """All formats, or those that the help of the option lists."""
    return _starting(["text", "json"] if asked.help.startswith("text or json") else own.formats(), asked.word)


def _runs(asked: Incomplete) -> Values:
    return _starting(own.runs(), asked.word)


def _scans(asked: Incomplete) -> Values:
    return Values(tuple((number, about) for number, about in own.scans() if number.startswith(asked.word)))


def _scans_and_runs(asked: Incomplete) -> Values:
    return Values((*_scans(asked).items, *_runs(asked).items))


def _hosts(asked: Incomplete) -> Values:
    return _starting(own.hosts(), asked.word)


def _images(asked: Incomplete) -> Values:
    found = _starting(engine.images(), asked.word)
    return found if found.items else Values((), FILES)


def _networks(asked: Incomplete) -> Values:
    modes = ["bridge", "none", "host", *(f"container:{one.name}" for one in engine.containers())]
    return _starting(modes, asked.word)


def _probes(asked: Incomplete) -> Values:
    """Probes; with --trace the running containers and, for one, its published ports."""
    if not asked.given.get("trace"):
        return _starting(own.probes(), asked.word)
    running = [one for one in engine.containers() if one.is_running]
    given = asked.given.get("names") or ()
    ports = dict.fromkeys(f"outside:{port}" for one in running if one.name in given for port in one.ports)
    return _starting([*(one.name for one in running), "host", *ports], asked.word)


def _choices(asked: Incomplete) -> Values:
    """The check of an answer: the rest of it is what 'doctor fix' shows."""
    return Values(tuple((f"{value}:", "") for value, _ in _checks(asked).items if "/" in value), NO_SPACE)


def _series(asked: Incomplete) -> Values:
    return _starting(own.engine_series(), asked.word)


def _files(asked: Incomplete) -> Values:
    del asked
    return Values((), FILES)


def _directories(asked: Incomplete) -> Values:
    del asked
    return Values((), DIRECTORIES)


_VALUES: dict[str, Callable[[Incomplete], Values]] = {
    "allow": _of("safe", "disruptive", "destructive"),
    "choose": _choices,
    "color": _of("auto", "always", "never"),
    "diff scans": _scans,
    "explain unit": _of("containerd", "docker", "kubelet"),
    "explain words": _explained,
    "fail_on": _of("info", "warning", "error", "critical"),
    "severity": _of("info", "warning", "error", "critical"),
    "fix ids": _checks,
    "fleet format": _of("text", "json", "html", "prometheus"),
    "fleet since": _of("1d", "7d", "30d"),
    "fleet stale_after": _of("36h", "2d", "8d", "never"),
    "for_engine": _series,
    "format": _formats,
    "install every": _of("hourly", "daily", "weekly"),
    "install notify": _of("journal", "none"),
    "host": _hosts,
    "list kind": _of("checks", "fixers", "probes", "formats", "plugins"),
    "list since": _scans,
    "list until": _scans,
    "probe names": _probes,
    "purge run": _runs,
    "run image": _images,
    "run net": _networks,
    "run volume": _files,
    "salvage images": _images,
    "scan_number": _scans_and_runs,
    "select": _list_of_checks,
    "show scan": _scans,
    "show_completion": _of("bash", "fish", "zsh"),
    "skip": _list_of_checks,
    "undo run": _runs,
    "waive check": _checks,
}
"""By the parameter's name, with the command's in front where several have it."""
_BY_METAVAR: dict[str, Callable[[Incomplete], Values]] = {
    "DIR": _directories,
    "FILE": _files,
    "FILE…": _files,
    "DIR|FILE…": _files,
}
