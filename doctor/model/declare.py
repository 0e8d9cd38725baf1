"""The decorators that mark a function as a check, fixer, collector, probe or report format.

They only attach a declaration; the loader finds it in the modules, so there is no list for registration.
"""

from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Any, TypeVar

from msgspec import Struct

from doctor.model.message import Message
from doctor.model.severity import Applicability, Severity

ATTRIBUTE = "__doctor__"
F = TypeVar("F", bound=Callable[..., Any])
CheckFunction = TypeVar("CheckFunction", bound=Callable[..., Iterator[Any]])


class CheckDeclaration(Struct, frozen=True, kw_only=True):
    """The arguments of ``@check``.

    Attributes:
        severity: severity of its findings, unless a finding has its own.
        detail: the type of the detail of each finding for the fixer: a struct, a union, or ``NoneType``.
        breaks: names of the probes that fail because of this problem.
        causes: ids of checks whose finding, if any, explains a finding of this check.
        ends: causes of ends of packets' paths (``Walk.cause``) that a finding explains, if it names the place: the rule, the setting,
            the interface or the container. Checks of paths are silent about these.
        ends_anywhere: causes that a finding explains wherever packets end.
        formerly: former ids of this check; waivers and history still accept them.
        ok: one line for a pass ("the kernel forwards IPv4").
        deep: whether it runs only with ``--deep`` (reads layer contents).
        stops_start: whether the engine's start certainly fails as long as a finding of this check exists, unless the finding has
            its own value: a plan that does not resolve it does not start the engine.
        messages: error lines of other programs that this problem causes; ``doctor explain`` and the readers of logs match them.
        security: whether a finding means that somebody can do more on this host than intended: code scanners rank only these.
    """

    severity: Severity
    detail: Any = NoneType
    breaks: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    ends_anywhere: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    ok: str = ""
    deep: bool = False
    stops_start: bool = False
    messages: tuple[Message, ...] = ()
    security: bool = False


class CheckPage(Struct, frozen=True, kw_only=True):
    """The documentation of a check or a probe.

    Attributes:
        summary: its first sentence.
        sections: heading → text, in the order of the page ("Why it matters", "How it is fixed").
        references: addresses, and places in sources ("moby/moby: daemon/x.go").
        is_security: whether a finding means that somebody can do more on this host than intended.
    """

    summary: str
    sections: dict[str, str] = {}
    references: tuple[str, ...] = ()
    is_security: bool = False


class FixerDeclaration(Struct, frozen=True, kw_only=True):
    """The argument of ``@fixer``: the least risk of the repair. The plan's risk is the worst of this and its actions."""

    applicability: Applicability


class CollectorDeclaration(Struct, frozen=True, kw_only=True):
    """Marks the collector of the fact in its return annotation."""


class ProbeDeclaration(Struct, frozen=True, kw_only=True):
    """The arguments of ``@probe``: the ability it proves, in a few words ("containers reach the outside").

    ``messages`` are error lines of other programs that mean that the ability is missing, as in ``@check``. Without
    ``retries`` a failed one is not tried again: it has waited long enough.
    """

    proves: str
    messages: tuple[Message, ...] = ()
    retries: bool = True


class FormatDeclaration(Struct, frozen=True, kw_only=True):
    """The arguments of ``@report_format``: name on the command line, media type, kinds of reports it renders.

    ``pages``: whether it shows the pages of checks, which then are in the report.
    """

    name: str
    media: str
    of: tuple[str, ...]
    pages: bool = False


Declaration = CheckDeclaration | FixerDeclaration | CollectorDeclaration | ProbeDeclaration | FormatDeclaration


def check(
    *,
    severity: Severity,
    detail: type[Struct] | UnionType | None = None,
    breaks: tuple[str, ...] = (),
    causes: tuple[str, ...] = (),
    ends: tuple[str, ...] = (),
    ends_anywhere: tuple[str, ...] = (),
    formerly: tuple[str, ...] = (),
    ok: str = "",
    deep: bool = False,
    stops_start: bool = False,
    messages: tuple[Message, ...] = (),
    security: bool = False,
) -> Callable[[CheckFunction], CheckFunction]:
    """Mark a pure function facts → findings as the check of its file. See ``CheckDeclaration`` for the arguments."""
    return _mark(
        CheckDeclaration(
            severity=severity,
            detail=NoneType if detail is None else detail,
            breaks=breaks,
            causes=causes,
            ends=ends,
            ends_anywhere=ends_anywhere,
            formerly=formerly,
            ok=ok,
            deep=deep,
            stops_start=stops_start,
            messages=messages,
            security=security,
        )
    )


def fixer(*, applicability: Applicability) -> Callable[[CheckFunction], CheckFunction]:
    """Mark a pure function (finding, detail, facts) → actions as the fixer of the check at the same place."""
    return _mark(FixerDeclaration(applicability=applicability))


def collector(function: F) -> F:
    """Mark the collector of the fact in its return annotation; its parameters are a host and other facts."""
    marked: F = _mark(CollectorDeclaration())(function)
    return marked


def probe(*, proves: str, messages: tuple[Message, ...] = (), retries: bool = True) -> Callable[[F], F]:
    """Mark the function that launches a test container to prove one ability of the host. See ``ProbeDeclaration``."""
    return _mark(ProbeDeclaration(proves=proves, messages=messages, retries=retries))


def report_format(name: str, *, media: str, of: tuple[str, ...] = ("scan",), pages: bool = False) -> Callable[[F], F]:
    """Mark a function report → bytes as an output format. ``of`` names the kinds of reports it can render."""
    return _mark(FormatDeclaration(name=name, media=media, of=of, pages=pages))


def declaration_of(thing: object) -> Declaration | None:
    """Return the declaration that a decorator of this module attached to the function, or ``None``."""
    found: Declaration | None = getattr(thing, ATTRIBUTE, None)
    return found


def _mark(declaration: Declaration) -> Callable[[Any], Any]:
    def marker(function: Any) -> Any:
        setattr(function, ATTRIBUTE, declaration)
        return function

    return marker
