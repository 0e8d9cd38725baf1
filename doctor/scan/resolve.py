"""Resolves a function's parameters to facts. A fact is read once per scan, when a function needs it."""

import importlib
import sys
from collections.abc import Callable, Iterable
from functools import cache
from types import ModuleType, UnionType
from typing import Any, TypeVar

from doctor.host.base import Host
from doctor.model.declare import CollectorDeclaration, declaration_of
from doctor.model.errors import DoctorError, FormatError, UsageError
from doctor.model.finding import Finding, FixSummary
from doctor.model.missing import HostError, Missing, Why
from doctor.scan.asked import table

_Look = TypeVar("_Look")


class Facts:
    """The facts of one host, resolved on demand and cached; ``given`` are facts that need not be read."""

    def __init__(self, host: Host, given: tuple[Any, ...] = ()) -> None:
        self.host = host
        self._given = given
        self._known: dict[type, Any] = {type(fact): fact for fact in given}
        self._pending: list[type] = []

    def renewed(self) -> "Facts":
        """Return new facts of the same host, which are read again, except the given ones."""
        return Facts(self.host, self._given)

    def get(self, fact: type) -> Any:
        """Return the fact or its ``Missing``."""
        if fact in self._known:
            return self._known[fact]
        if fact in self._pending:
            chain = " → ".join(kind.__name__ for kind in [*self._pending, fact])
            raise UsageError(f"circular facts: {chain}")
        self._pending.append(fact)
        try:
            found = self._collect(fact)
        finally:
            self._pending.pop()
        self._known[fact] = found
        return found

    def arguments(self, function: Callable[..., Any], known: dict[str, Any] | None = None) -> list[Any] | Missing:
        """Return the values of a function's parameters, or the first ``Missing`` that it does not accept.

        ``known`` has values by parameter name; all others are facts. A parameter annotated ``Fact | Missing`` accepts either;
        ``Host`` is the host itself (collectors only).
        """
        values: list[Any] = []
        first: Missing | None = None
        for name, annotation in parameters(function).items():
            if known is not None and name in known:
                values.append(known[name])
                continue
            fact, takes_missing = split(annotation, function)
            value = self.host if fact is Host else self.get(fact)
            if isinstance(value, Missing) and not takes_missing:
                # A denied fact has priority over an absent one: it makes the scan incomplete.
                if first is None or (first.is_harmless and not value.is_harmless):
                    first = value
                continue
            values.append(value)
        return values if first is None else first

    def lack(self, names: Iterable[str]) -> Missing | None:
        """Return the ``Missing`` for which a function that needs these facts does not run, as ``arguments`` does; ``None`` without one.

        The facts are those in the table of what is asked for. One whose collector would not run is not imported.
        """
        first: Missing | None = None
        for name in names:
            value = self._lack(name)
            if value is not None and (first is None or (first.is_harmless and not value.is_harmless)):
                first = value
        return first

    def _lack(self, name: str) -> Missing | None:
        asked = table().fact(name)
        kind = getattr(sys.modules.get(asked.module), name, None)
        if kind is None or kind not in self._known:
            is_known = table().is_older(asked.collector) and all(one in table().lines for one in asked.facts)
            missing = self.lack(asked.facts) if is_known else None
            if missing is not None:
                return missing
            try:
                kind = getattr(importlib.import_module(asked.module), name)
            except (ImportError, AttributeError):
                # The table is older than the fact's place: the check itself knows it, or fails.
                return None
        value = self.get(kind)
        return value if isinstance(value, Missing) else None

    def _collect(self, fact: type) -> Any:
        function = find_collector(fact)
        arguments = self.arguments(function)
        if isinstance(arguments, Missing):
            return arguments
        self.host.last_read = ""
        try:
            return function(*arguments)
        except HostError as error:
            return error.missing
        except FormatError as error:
            return self._undecodable(str(error))
        except RecursionError:
            return self._undecodable("nested too deeply")
        except DoctorError as error:
            return Missing(Why.UNREADABLE, str(error))
        except Exception as error:  # noqa: BLE001 - boundary 1 of 3: a collector that fails must not end the scan
            return Missing(Why.UNREADABLE, f"{fact.__name__}: {located(error)}")

    def _undecodable(self, problem: str) -> Missing:
        """Return the ``Missing`` for the last file that the collector read: its parser need not name the file."""
        path = self.host.last_read
        return Missing.undecodable(path, problem) if path else Missing(Why.UNREADABLE, problem)

    def look(self, name: str, find: Callable[[], _Look]) -> _Look:
        """Return the result of ``find`` on these facts; ``name`` identifies it."""
        del name
        return find()

    def fix(self, finding: Finding, find: Callable[[], FixSummary | None]) -> FixSummary | None:
        """Return the fix of a finding, which ``find`` asks the fixer for."""
        del finding
        return find()

    def predicted(self, host: Host) -> "Facts":
        """Return the facts of a prediction over the same host."""
        return Facts(host, self._given)

    @property
    def known(self) -> dict[type, Any]:
        """Return all resolved facts."""
        return dict(self._known)

    def give(self, fact: Any, kind: type | None = None) -> None:
        """Add a fact that has no collector, or the reason why it is missing, with its ``kind``."""
        self._known[type(fact) if kind is None else kind] = fact

    def gaps(self, function: Callable[..., Any]) -> tuple[Missing, ...]:
        """Return the ``gaps`` of the facts of a check: what they could not examine."""
        found: list[Missing] = []
        for annotation in parameters(function).values():
            fact, _ = split(annotation, function)
            value = self._known.get(fact)
            found.extend(getattr(value, "gaps", ()))
        return tuple(found)


def depends(function: Callable[..., Any], on: type) -> bool:
    """Whether a function needs a fact, directly or through the facts that it needs."""
    return any(_needs(split(annotation, function)[0], on) for annotation in parameters(function).values())


@cache
def _needs(fact: type, on: type) -> bool:
    if fact is on:
        return True
    try:
        return fact is not Host and depends(find_collector(fact), on)
    except (ImportError, UsageError):
        # The engine gives it, or it is not a fact: a scan reports that.
        return False


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Return a function's parameter annotations in order."""
    return {name: kind for name, kind in function.__annotations__.items() if name != "return"}


def split(annotation: Any, function: Callable[..., Any]) -> tuple[type, bool]:
    """Return the fact of an annotation, and whether ``Missing`` is accepted in its place."""
    if isinstance(annotation, UnionType):
        members = [member for member in annotation.__args__ if member is not Missing]
        if len(members) == 1 and len(annotation.__args__) == 2:
            return members[0], True
    if isinstance(annotation, type):
        return annotation, False
    raise UsageError(
        f"a parameter of {function.__name__} is annotated {annotation!r}, which is not a fact",
        where=function.__module__,
        do="annotate it with a fact or 'Fact | Missing', and don't import annotations from __future__",
    )


def find_collector(fact: type) -> Callable[..., Any]:
    """Return the collector of a fact: ``pkg.facts.family`` is collected in ``pkg.collect.family``."""
    head, _, tail = fact.__module__.rpartition(".facts.")
    if not head:
        raise UsageError(f"{fact.__name__} is not a fact: its module {fact.__module__} has no 'facts' in its path")
    module = importlib.import_module(f"{head}.collect.{tail}")
    return _collector_in(module, fact)


def _collector_in(module: ModuleType, fact: type) -> Callable[..., Any]:
    for thing in vars(module).values():
        if isinstance(declaration_of(thing), CollectorDeclaration) and _returns(thing) is fact:
            function: Callable[..., Any] = thing
            return function
    raise UsageError(f"no @collector in {module.__name__} returns {fact.__name__}")


def _returns(function: Callable[..., Any]) -> Any:
    annotation = function.__annotations__.get("return")
    if isinstance(annotation, UnionType):
        members = [member for member in annotation.__args__ if member is not Missing]
        return members[0] if len(members) == 1 else None
    return annotation


def located(error: BaseException) -> str:
    """Return an exception as one line with its file and line."""
    import traceback  # noqa: PLC0415 - costs 4 ms, and errors are rare

    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
