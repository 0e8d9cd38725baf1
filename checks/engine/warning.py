"""The engine reports a warning."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.state import EngineInfo

_ELSEWHERE = ("bridge-nf-call", "IPv4 forwarding", "API is accessible", "insecure registry", "d_type")
"""Warnings that another check covers better."""


@check(severity=Severity.INFO, ok="the engine reports no other warning")
def warning(info: EngineInfo) -> Iterator[Finding]:
    """The engine reports a warning that no other check covers.

    What it looks at:
        ``Warnings`` of GET /info, which ``docker info`` prints at its end.

    Why it matters:
        The warning is usually about a limit that this kernel can't enforce ("No swap limit support") or a feature that the next
        release drops.

    How it is fixed:
        Manually, if the feature is needed.

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
