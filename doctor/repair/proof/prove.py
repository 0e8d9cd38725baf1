"""Proves a repair in the order in which a mistake is least harmful: disk, images, engine, test containers."""

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
    """The proofs of one run.

    Attributes:
        results: the proofs so far, for the report.
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
        """Prove, once, what needs no engine; return what fails, or "".

        A plan that starts the engine calls it just before: an engine that starts on an incomplete root removes unknown data.
        """
        record = self.record
        if self._is_offline_done:
            return ""
        self._is_offline_done = True
        if record.expected:
            self._progress("checking that the data root is complete")
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

        A container with a restart policy that does not run fails the proof only if an engine ran before: otherwise a rollback would
        make things worse.
        """
        if not self.host.is_live():
            return ""
        failed = (self._ask(name) for name in started_engines(self.record) if name in self.record.expected)
        return next(filter(None, failed), "")

    def _ask(self, name: str) -> str:
        engine = named(name)
        self._progress(f"checking that {engine.noun} has everything")
        control = engine.control(Facts(self.host).get)
        socket = control.socket if isinstance(control, EngineControl) else ""
        asked = engine.prove(self.host, socket, self.record.expected[name])
        if asked is None:
            return ""
        self.results.append(asked.proof)
        if not (asked.is_missing or (asked.is_stopped and name in self.record.running)):
            return ""
        return f"{engine.noun} does not have everything: {asked.proof.message}"

    def containers(self, after: Scan) -> str:
        """Launch the remaining test containers; return what fails, or ""."""
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
        """Whether a known, remaining problem breaks the probe: then its failure does not concern the repair."""
        return any(
            finding.fingerprint in self.record.predicted
            and (probe.name in after.breaks.get(finding.id, ()) or probe.is_named_by(finding))
            for finding in after.findings
        )


def started_engines(record: PlanRecord) -> tuple[str, ...]:
    """Return the engines that the run stopped or started: problems that only a running engine shows existed before."""
    return tuple(dict.fromkeys(action.engine for action in record.actions if action.engine))


def _data_root(expected: ByEngine, missing: tuple[str, ...]) -> ProbeResult:
    return ProbeResult(
        name="data-root",
        proves="the data root is complete",
        result=Result.FAIL if missing else Result.PASS,
        message=f"missing: {_listed(missing)}" if missing else f"it has {in_words(expected)}, all complete",
    )


def _listed(missing: tuple[str, ...]) -> str:
    more = f", and {len(missing) - 8} more" if len(missing) > 8 else ""
    return ", ".join(missing[:8]) + more


def _is_broken(probe: ProbeResult) -> bool:
    return probe.result is Result.ERROR or (probe.result is Result.FAIL and not probe.by_others)


def _failed(probe: ProbeResult) -> str:
    return f"the probe '{probe.name}' failed: {probe.message}"


def shortfalls(probes: tuple[ProbeResult, ...]) -> Iterator[ProbeResult]:
    """Yield the proofs of an applied repair that show remaining problems."""
    return (probe for probe in probes if probe.result is Result.FAIL and (probe.name == "engine" or probe.by_others))
