"""Finds obstacles to an engine's start: remaining findings that make it fail or destroy data.

Repairs that need no start are still applied; the engine stays down, and the report shows what to do first.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.exposure import exposure
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.start import STOPPERS, StartBlockers
from doctor.facts.engine.state import EngineState
from doctor.facts.network.listeners import Listeners
from doctor.model.finding import Finding
from doctor.model.missing import Missing
from doctor.model.report import ManualFix
from doctor.model.severity import Applicability, Severity
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan

_HIDES = frozenset({"storage/images-hidden", "state/data-root-elsewhere"})
_WANTED = "check that this is intended, then start it yourself"


class Obstacle(Struct, frozen=True, kw_only=True):
    """A reason not to start the engine.

    Attributes:
        why: the reason, usually the messages of findings.
        advice: how to resolve them.
    """

    why: str
    advice: str

    def beside(self, other: "Obstacle | None") -> "Obstacle":
        """Return both merged into one."""
        if other is None or self.why in other.why:
            return self if other is None else other
        advice = other.advice if self.advice in other.advice else f"{other.advice}; {self.advice}"
        return Obstacle(why=f"{other.why}; {self.why}", advice=advice)

    @property
    def then(self) -> str:
        """Return the advice including the engine's start."""
        if self.advice.endswith("'doctor fix --apply'"):
            return f"{self.advice} again: it starts the engine"
        return f"{self.advice}, then 'doctor fix --apply' again: it starts the engine"


def forbids_start(finding: Finding) -> bool:
    """Whether no engine may be started while the finding exists."""
    return finding.start_destroys or bool(finding.stops_start)


def of_left(left: ManualFix) -> Obstacle | None:
    """Return the obstacle from a finding that this plan does not resolve."""
    finding = left.finding
    if not forbids_start(finding):
        return None
    cost = f"add --allow {left.needs.word}" if left.needs is not None else ""
    asked = f"choose {left.questions[0].text}" if left.questions else ""
    return Obstacle(why=finding.message, advice=cost or asked or left.advice or _explained(finding))


def of_unasked(findings: Iterable[Finding]) -> Obstacle | None:
    """Return the obstacle from findings that this plan was not asked to resolve."""
    whole: Obstacle | None = None
    for found in findings:
        if not found.stops_start:
            continue
        is_repairable = found.fix is not None and found.fix.applicability is not Applicability.MANUAL
        advice = f"add {found.id} to 'doctor fix'" if is_repairable else _explained(found)
        whole = Obstacle(why=found.message, advice=advice).beside(whole)
    return whole


def of_prediction(before: Scan, after: Scan, waived: frozenset[str], *, was_running: bool) -> Obstacle | None:
    """Return the predicted obstacle: a failing start, or images that it would hide.

    A running engine is stopped only if no finding remains that may make its start fail; waived ones count too.
    """
    return of_start(after, waived, was_running=was_running) or of_hidden(before, after, waived)


def of_start(after: Scan, waived: frozenset[str], *, was_running: bool) -> Obstacle | None:
    """Return the predicted obstacle that makes the engine's start fail."""
    blockers = after.facts.get(StartBlockers)
    if not isinstance(blockers, Missing) and blockers.reasons:
        return Obstacle(why=blockers.reasons[0], advice="resolve that")
    for found in after.findings:
        is_certain = bool(found.stops_start) and found.fingerprint not in waived
        if is_certain or (was_running and found.id in STOPPERS and found.level >= Severity.CRITICAL):
            return Obstacle(why=found.message, advice=_explained(found))
    return None


def of_hidden(before: Scan, after: Scan, waived: frozenset[str]) -> Obstacle | None:
    """Return the obstacle if images that the engine shows now, or showed last, would be hidden by the new settings."""
    known = waived | {found.fingerprint for found in before.findings}
    for found in after.findings:
        if found.id in _HIDES and found.level >= Severity.ERROR and found.fingerprint not in known:
            return Obstacle(why=f"its start would hide images: {found.message}", advice=_WANTED)
    now, then = before.facts.get(EngineConfig), after.facts.get(EngineConfig)
    root, new = before.facts.get(DataRoot), after.facts.get(DataRoot)
    if isinstance(now, Missing) or isinstance(then, Missing) or isinstance(root, Missing) or not root.holds_anything:
        return None
    # The engine creates a missing directory, which no check can examine before.
    fresh = {
        "data-root": isinstance(new, Missing) and now.data_root != then.data_root,
        "userns-remap": bool(then.get("userns-remap")) and isinstance(new, DataRoot) and new.resolved == root.resolved,
    }
    for key in (key for key, is_fresh in fresh.items() if is_fresh and now.get(key) != then.get(key)):
        why = f"its start would hide the images and containers in {root.resolved}: {key} becomes {then.get(key)}"
        return Obstacle(why=why, advice=_WANTED)
    return None


def of_opening(before: Facts, after: Facts, opened: frozenset[str]) -> Obstacle | None:
    """Return the obstacle if the engine's next start would open something that is closed now, without the user's choice."""
    now, then = before.get(EngineConfig), after.get(EngineConfig)
    if isinstance(now, Missing) or isinstance(then, Missing):
        return None
    left = [
        one for one in (*exposure(now).opened_by(exposure(then)), *_pending(before, now, then)) if one not in opened
    ]
    if not left:
        return None
    return Obstacle(
        why=f"its start would open {', '.join(left)}", advice="check that this is intended, then restart it yourself"
    )


def _pending(before: Facts, now: EngineConfig, then: EngineConfig) -> Iterator[str]:
    """Yield listeners that were added to the settings after the running engine started: they are not open yet."""
    state = before.get(EngineState)
    if isinstance(state, Missing) or not state.started or now.json.mtime_ns / 1e9 <= state.started:
        return
    listeners = before.get(Listeners)
    for host in then.json.value.get("hosts", ()) if isinstance(listeners, Listeners) else ():
        address, _, port = str(host).removeprefix("tcp://").rpartition(":")
        named = max(
            (door for door in exposure(then).doors if door.split(" without ")[0].endswith(f" on {host}")),
            key=len,
            default="",
        )
        if named and port.isdigit() and listeners.on("tcp", address.strip("[]"), int(port)) is None:
            yield named


def _explained(finding: Finding) -> str:
    return f"see 'doctor explain {finding.id}'"
