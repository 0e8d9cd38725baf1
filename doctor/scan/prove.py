"""Launch probes: all their test containers in one runtime process, and what they proved.

The runtime is a program of its own: nothing of it is imported, it is started with ``-I -S -E`` so that neither the current
directory nor the environment can put code into a process of root.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from doctor.model.declare import ProbeDeclaration
from doctor.model.errors import DoctorError
from doctor.model.finding import Evidence, Finding, Subject
from doctor.model.missing import Missing
from doctor.model.outcome import Result
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.report import ProbeResult
from doctor.model.severity import Severity
from doctor.plugins.catalog import Catalog
from doctor.scan.resolve import Facts, located
from doctor.scan.run import Scan

_LIMIT_S = 90.0
_ROUNDS = 4


class _Running:
    """A probe in the middle of its work."""

    def __init__(self, name: str, proves: str, work: Probing) -> None:
        self.name = name
        self.proves = proves
        self.work = work
        self.launch: Launch | None = None
        self.result: ProbeResult | None = None
        self.seconds = 0.0

    def go_on(self, ended: dict[str, Ended] | None) -> None:
        """Send what ended and take the next launch or the result."""
        self.launch = None
        try:
            self.launch = next(self.work) if ended is None else self.work.send(ended)
        except StopIteration as end:
            self.result = replace(end.value, name=self.name, proves=self.proves, seconds=round(self.seconds, 3))
        except Exception as error:  # noqa: BLE001 - a probe is a check that launches: boundary 2 of 3
            reason = str(error) if isinstance(error, DoctorError) else located(error)
            self.result = self.failed(reason)

    def failed(self, reason: str) -> ProbeResult:
        """Return the result of a probe that could not do its work."""
        return ProbeResult(
            name=self.name, proves=self.proves, result=Result.ERROR, message=reason, seconds=round(self.seconds, 3)
        )


def prove(
    catalog: Catalog, facts: Facts, names: Iterable[str], *, progress: Callable[[str], None]
) -> tuple[ProbeResult, ...]:
    """Launch the named probes and return a result for each, in the order of the names."""
    running = [_begin(catalog, facts, name) for name in names]
    for _ in range(_ROUNDS):
        waiting = [probe for probe in running if probe.launch is not None]
        if not waiting:
            break
        progress(f"launching test containers: {', '.join(probe.name for probe in waiting)}")
        started = time.perf_counter()
        try:
            ended = _batch(_document(waiting))
        except DoctorError as error:
            for probe in waiting:
                probe.result, probe.launch = probe.failed(str(error)), None
            break
        for probe in waiting:
            probe.seconds += time.perf_counter() - started
            probe.go_on({found.id.partition(".")[2]: found for found in ended if found.id.startswith(f"{probe.name}.")})
    return tuple(probe.result or probe.failed("it did not come to a result") for probe in running)


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
    probe.go_on(None)
    return probe


def _nothing() -> Probing:
    return ProbeResult(name="", proves="", result=Result.SKIP, message="")
    yield Launch(())


def _document(waiting: list[_Running]) -> dict[str, Any]:
    containers = []
    for probe in waiting:
        for given in probe.launch.containers if probe.launch else ():
            container = dict(given, id=f"{probe.name}.{given['id']}")
            net = str(given.get("net", ""))
            if net.startswith("container:") and not net.removeprefix("container:").isdigit():
                container["net"] = f"container:{probe.name}.{net.removeprefix('container:')}"
            containers.append(container)
    return {"containers": containers, "parallel": 8}


def _batch(document: dict[str, Any]) -> list[Ended]:
    """Run the runtime once; raises ``DoctorError`` where it gave nothing."""
    spec = find_spec("doctor.runtime")
    if spec is None or not spec.submodule_search_locations:
        raise DoctorError("the bundled runtime is not installed", do="install doctor again")
    argv = (sys.executable, "-I", "-S", "-E", f"{spec.submodule_search_locations[0]}/__main__.py", "batch")
    try:
        done = subprocess.run(
            argv, input=json.dumps(document).encode(), capture_output=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DoctorError(f"the test containers did not end within {_LIMIT_S:g} s") from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    ended = [_ended(json.loads(line)) for line in lines if line.startswith("{")]
    if not ended and document["containers"]:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        raise DoctorError(f"the bundled runtime could not run: {said}")
    return ended


def _ended(line: dict[str, Any]) -> Ended:
    stdout = str(line.get("stdout", ""))
    output: dict[str, Any] = {}
    for text in reversed(stdout.splitlines()):
        if text.startswith("{"):
            try:
                parsed = json.loads(text)
            except ValueError:
                continue
            output = parsed if isinstance(parsed, dict) else {}
            break
    return Ended(
        id=str(line.get("id", "")),
        exit=int(line.get("exit", 125)),
        output=output,
        stdout=stdout,
        stderr=str(line.get("stderr", "")),
        error=str(line.get("error") or ""),
        timed_out=bool(line.get("timed_out")),
        oom_killed=bool(line.get("oom_killed")),
    )


def with_probes(found: Scan, probes: tuple[ProbeResult, ...]) -> Scan:
    """Return the scan with a finding for every probe that failed, caused by the findings that say they break it."""
    failed = tuple(
        Finding(
            id=f"probe/{probe.name}-failed",
            subject=Subject("probe", probe.name),
            message=f"a test container shows that this does not hold: {probe.proves}: {probe.message}",
            evidence=probe.evidence or (Evidence(f"probe {probe.name}", probe.message),),
            severity=Severity.ERROR,
            causes=tuple(cause.fingerprint for cause in found.findings if probe.name in found.breaks.get(cause.id, ())),
        )
        for probe in probes
        if probe.result is Result.FAIL
    )
    return replace(found, findings=(*found.findings, *failed))
