"""Prove a repair in the order in which a mistake does least harm: the disk, its images, then the engine, then the rest."""

from collections.abc import Callable, Iterator

from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.plugins.engines import engine as named
from doctor.repair.expected import ByEngine, beyond, in_words, present
from doctor.repair.runs.record import PlanRecord
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan

Progress = Callable[[str], None]
Prove = Callable[[tuple[str, ...]], tuple[ProbeResult, ...]]
ProveImages = Callable[[tuple[str, ...]], tuple[ProbeResult, ...]]


class Proof:
    """The proofs of one run, as they are given.

    Attributes:
        results: what was proven so far, for the report.
    """

    def __init__(
        self, record: PlanRecord, host: Host, *, prove: Prove, prove_images: ProveImages | None, progress: Progress
    ) -> None:
        self.record = record
        self.host = host
        self.results: list[ProbeResult] = []
        self._prove = prove
        self._prove_images = prove_images
        self._progress = progress
        self._is_offline_done = False

    def offline(self) -> str:
        """Prove what needs no engine, once; return what fails, or "".

        A plan that starts the engine asks for it just before: an engine that starts on less removes what it can't place.
        """
        record = self.record
        if self._is_offline_done:
            return ""
        self._is_offline_done = True
        if record.expected:
            self._progress("checking that the data root has all that must be there")
            missing = beyond(record.expected, present(Facts(self.host)))
            self.results.append(_data_root(record.expected, missing))
            if missing:
                return f"missing in the data root: {_listed(missing)}"
        if not (self.host.is_live() and record.repaired_images and self._prove_images is not None):
            return ""
        self._progress(f"mounting repaired images with the bundled runtime: {len(record.repaired_images)}")
        found = self._prove_images(record.repaired_images)
        self.results += found
        return next((_failed(probe) for probe in found if _is_broken(probe)), "")

    def engine(self) -> str:
        """Ask a started engine for everything; return what is missing, or "".

        A container that is there, has a restart policy and does not run fails the proof only where it ran under an engine before: where none ran,
        taking the repair back would leave less.
        """
        if not self.host.is_live():
            return ""
        failed = (self._ask(name) for name in started_engines(self.record) if name in self.record.expected)
        return next(filter(None, failed), "")

    def _ask(self, name: str) -> str:
        engine = named(name)
        self._progress(f"asking {engine.noun} for everything that must be there")
        control = engine.control(Facts(self.host).get)
        socket = control.socket if isinstance(control, EngineControl) else ""
        asked = engine.prove(self.host, socket, self.record.expected[name])
        if asked is None:
            return ""
        self.results.append(asked.proof)
        if not (asked.is_missing or (asked.is_stopped and name in self.record.running)):
            return ""
        return f"{engine.noun} was asked for everything that must be there: {asked.proof.message}"

    def containers(self, after: Scan) -> str:
        """Launch the test containers that were not launched yet; return what fails, or ""."""
        done = {probe.name for probe in self.results}
        names = tuple(name for name in self.record.probes if name not in done)
        if not names or not self.host.is_live():
            return ""
        self._progress(f"proving it with test containers: {', '.join(names)}")
        found = self._prove(names)
        self.results += found
        broken = (probe for probe in found if _is_broken(probe) and not self._is_explained(probe, after))
        return next((_failed(probe) for probe in broken), "")

    def _is_explained(self, probe: ProbeResult, after: Scan) -> bool:
        """Whether a problem that was known and is left to a person breaks the probe: then it says nothing of the repair."""
        return any(
            finding.fingerprint in self.record.predicted and probe.name in after.breaks.get(finding.id, ())
            for finding in after.findings
        )


def started_engines(record: PlanRecord) -> tuple[str, ...]:
    """Return the engines that the run stopped or started: what only a living engine shows was there before, out of sight."""
    return tuple(dict.fromkeys(action.engine for action in record.actions if action.engine))


def _data_root(expected: ByEngine, missing: tuple[str, ...]) -> ProbeResult:
    return ProbeResult(
        name="data-root",
        proves="the data root has everything that must be there",
        result=Result.FAIL if missing else Result.PASS,
        message=f"missing: {_listed(missing)}" if missing else f"it has {in_words(expected)}, all whole",
    )


def _listed(missing: tuple[str, ...]) -> str:
    more = f", and {len(missing) - 8} more" if len(missing) > 8 else ""
    return ", ".join(missing[:8]) + more


def _is_broken(probe: ProbeResult) -> bool:
    return probe.result is Result.ERROR or (probe.result is Result.FAIL and not probe.by_others)


def _failed(probe: ProbeResult) -> str:
    return f"the probe '{probe.name}' failed: {probe.message}"


def shortfalls(probes: tuple[ProbeResult, ...]) -> Iterator[ProbeResult]:
    """Yield the proofs of a repair that stands which show that something is still not as it should be."""
    return (probe for probe in probes if probe.result is Result.FAIL and (probe.name == "engine" or probe.by_others))
