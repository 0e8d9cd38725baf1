"""The engine warns of something itself."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine_state import EngineInfo

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
    for text in info.warnings:
        words = text.removeprefix("WARNING: ").strip()
        if not words or any(known in words for known in _ELSEWHERE):
            continue
        first = words.splitlines()[0][:200]
        yield Finding(
            subject=Subject("engine warning", first[:80]),
            message=f"the engine warns: {first}",
            evidence=(Evidence("GET /info", words[:400]),),
        )
