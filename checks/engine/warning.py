"""The engine warns of something itself."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.state import EngineInfo

_ELSEWHERE = ("bridge-nf-call", "IPv4 forwarding", "API is accessible", "insecure registry", "d_type")
"""Warnings that a check of doctor's own covers better."""


@check(severity=Severity.INFO, ok="the engine has no warning of its own")
def warning(info: EngineInfo) -> Iterator[Finding]:
    """The engine reports a warning that no other check covers.

    What it looks at:
        ``Warnings`` of GET /info, what ``docker info`` prints at its end.

    Why it matters:
        Usually a limit that this kernel can't enforce ("No swap limit support") or something that the next release drops.

    How it is fixed:
        By a person, if the ability is wanted.

    References:
        https://docs.docker.com/engine/daemon/troubleshoot/#kernel-compatibility
    """
    texts = [text.removeprefix("WARNING: ").strip() for text in info.warnings]
    found = [text.splitlines()[0][:200] for text in texts if text and not any(known in text for known in _ELSEWHERE)]
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Finding(
            subject=Subject("engine", "warnings"),
            message=f"the engine warns: {found[0]}{more}",
            evidence=tuple(Evidence("GET /info", text) for text in found),
        )
