"""Runs probes: all their test containers in one runtime process."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from msgspec.structs import replace

from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.host.trace import swept
from doctor.model.declare import ProbeDeclaration
from doctor.model.errors import DoctorError, RefusedError
from doctor.model.finding import Evidence, Finding, Subject
from doctor.model.missing import Missing
from doctor.model.outcome import Result
from doctor.model.probe_result import HOPS, ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.severity import Severity
from doctor.plugins.catalog import Catalog
from doctor.scan.probe_round import Addresses, launch
from doctor.scan.resolve import Facts, located
from doctor.scan.run import Scan
from doctor.state.files import ensure_dir, locked
from doctor.state.paths import state_dir
from doctor.state.reserve import Reservations

_ROUNDS = 4
_PATIENCE_S = 20.0
_LOOK_AGAIN_S = 0.1
_PAUSE_S = 0.5
_DOUBTFUL = frozenset({Result.FAIL, Result.ERROR})


class _Running:
    """A running probe."""

    def __init__(self, name: str, proves: str, work: Probing) -> None:
        self.name = name
        self.proves = proves
        self.work = work
        self.launch: Launch | None = None
        self.result: ProbeResult | None = None
        self.seconds = 0.0

    def advance(self, ended: dict[str, Ended] | None) -> None:
        """Pass the ended containers to the probe, and take its next launch or its result."""
        self.launch = None
        try:
            self.launch = next(self.work) if ended is None else self.work.send(ended)
        except StopIteration as end:
            self.result = replace(end.value, name=self.name, proves=self.proves, seconds=round(self.seconds, 3))
        except Exception as error:  # noqa: BLE001 - a probe is a check that launches: boundary 2 of 3
            reason = str(error) if isinstance(error, DoctorError) else located(error)
            self.result = self.failed(reason)

    def failed(self, reason: str) -> ProbeResult:
        """Return the result of a probe that could not run."""
        return ProbeResult(
            name=self.name, proves=self.proves, result=Result.ERROR, message=reason, seconds=round(self.seconds, 3)
        )


def prove(
    catalog: Catalog, facts: Facts, names: Iterable[str], *, progress: Callable[[str], None]
) -> tuple[ProbeResult, ...]:
    """Launch the named probes and return a result for each, in the order of the names.

    A failed or slow one is retried once with fresh facts: a temporary condition (an unresolved neighbour, a lock of the firewall) is not
    a failure, and must not roll back a good repair. A retry that tries less refutes nothing.

    Raises ``RefusedError`` if another doctor's test containers do not end: both would use the same addresses.
    """
    wanted = tuple(names)
    with _alone():
        swept.sweep()
        found = {result.name: result for result in _attempt(catalog, facts, wanted, progress)}
        doubtful = tuple(name for name in wanted if _is_doubtful(found[name]) and _retries(catalog, name))
        if doubtful:
            progress(f"retrying: {', '.join(doubtful)}")
            time.sleep(_PAUSE_S)
            facts = facts.renewed()
            again = _attempt(catalog, facts, doubtful, progress)
            found |= {one.name: _settled(found[one.name], one) for one in again}
        return tuple(_with_hops(found[name], facts) for name in wanted)


def _with_hops(found: ProbeResult, facts: Facts) -> ProbeResult:
    """Return the result; that of a failure with the hop where its packets end."""
    if found.result is not Result.FAIL or not found.lost:
        return found
    from doctor.scan.lost_ways import explained  # noqa: PLC0415 - a healthy host has no use for it

    return explained(found, facts)


def _settled(first: ProbeResult, again: ProbeResult) -> ProbeResult:
    """Return the result of a retry; the first one if the retry left out a part that was tried before.

    An engine that ends during a test start does not run at the retry: its part would be left out, and the failure forgotten.
    """
    seconds = first.seconds + again.seconds
    left_out = tuple(part for part in again.untried if part not in first.untried)
    if again.result is Result.SKIP:
        left_out = (again.message,)
    if not left_out or first.result not in _DOUBTFUL or again.result in _DOUBTFUL:
        return replace(again, seconds=seconds)
    evidence = (*first.evidence, Evidence("retry", f"not tried: {', '.join(left_out)}"))
    return replace(first, evidence=evidence, seconds=seconds)


def _is_doubtful(found: ProbeResult) -> bool:
    return found.result in _DOUBTFUL or bool(found.doubts)


def _retries(catalog: Catalog, name: str) -> bool:
    declaration = catalog.probe(name).declaration
    return not isinstance(declaration, ProbeDeclaration) or declaration.retries


def _attempt(
    catalog: Catalog, facts: Facts, names: tuple[str, ...], progress: Callable[[str], None]
) -> list[ProbeResult]:
    running = [_begin(catalog, facts, name) for name in names]
    for _ in range(_ROUNDS):
        waiting = [probe for probe in running if probe.launch is not None]
        if not waiting:
            break
        progress(f"launching test containers: {', '.join(probe.name for probe in waiting)}")
        _round(waiting, facts)
    return [probe.result or probe.failed("it returned no result") for probe in running]


def _round(waiting: list[_Running], facts: Facts) -> None:
    """Run one launch of each probe together; if the runtime refuses them, each alone, so that one does not fail the others."""
    started = time.perf_counter()
    addresses = _addresses(facts)
    try:
        ended = launch(tuple(probe.launch for probe in waiting if probe.launch is not None), addresses)
    except DoctorError as error:
        if len(waiting) > 1:
            for probe in waiting:
                _round([probe], facts)
        else:
            waiting[0].result, waiting[0].launch = waiting[0].failed(str(error)), None
        return
    finally:
        addresses.close()
    for probe, found in zip(waiting, ended, strict=True):
        probe.seconds += time.perf_counter() - started
        probe.advance(found)


def _addresses(facts: Facts) -> Addresses:
    networks, links = facts.get(Networks), facts.get(Links)
    held = Reservations()
    held.sweep()
    return Addresses(
        None if isinstance(networks, Missing) else networks, None if isinstance(links, Missing) else links, held
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other doctor has test containers; without a writable state directory there is no such lock."""
    with ExitStack() as held:
        _hold(held, time.monotonic() + _PATIENCE_S)
        yield


def _hold(held: ExitStack, end: float) -> None:
    while True:
        try:
            ensure_dir(state_dir())
            held.enter_context(locked(os.path.join(state_dir(), "probe.lock"), purpose="try again"))
        except RefusedError:
            if time.monotonic() >= end:
                raise
            time.sleep(_LOOK_AGAIN_S)
        except (DoctorError, OSError):
            return
        else:
            return


def _begin(catalog: Catalog, facts: Facts, name: str) -> _Running:
    loaded = catalog.probe(name)
    proves = loaded.declaration.proves if isinstance(loaded.declaration, ProbeDeclaration) else ""
    arguments = facts.arguments(loaded.function)
    if isinstance(arguments, Missing):
        probe = _Running(name, proves, _nothing())
        result = Result.SKIP if arguments.is_harmless else Result.ERROR
        probe.result = ProbeResult(name=name, proves=proves, result=result, message=arguments.reason)
        return probe
    probe = _Running(name, proves, loaded.function(*arguments))
    probe.advance(None)
    return probe


def _nothing() -> Probing:
    return ProbeResult(name="", proves="", result=Result.SKIP, message="")
    yield Launch(())


def with_probes(found: Scan, probes: tuple[ProbeResult, ...]) -> Scan:
    """Return the scan with a finding for each failed probe, caused by the findings that declare to break it, or that name the hop
    where its packets end.
    """
    failed = []
    for probe in probes:
        if probe.result is Result.FAIL:
            named = [cause for cause in found.findings if probe.is_named_by(cause)]
            known = [cause for cause in found.findings if probe.name in found.breaks.get(cause.id, ())]
            # The hops stand in the finding that names them.
            evidence = tuple(entry for entry in probe.evidence if not named or entry.source != HOPS)
            failed.append(
                Finding(
                    id=f"probe/{probe.name}-failed",
                    subject=Subject("probe", probe.name),
                    message=f"probe {probe.name} failed: {probe.message}",
                    evidence=evidence or (Evidence(f"probe {probe.name}", probe.message),),
                    severity=Severity.ERROR,
                    causes=tuple(dict.fromkeys(cause.fingerprint for cause in (*known, *named))),
                )
            )
    return replace(found, findings=(*found.findings, *failed))
