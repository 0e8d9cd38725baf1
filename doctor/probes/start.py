"""Each layer of the host that takes part in a start of a container does its part."""

from msgspec.structs import replace

from doctor.api import Evidence, Missing, probe
from doctor.facts.engine.state import EngineState
from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.containerd import HostContainerd
from doctor.facts.starts.engine import StartingEngine
from doctor.facts.starts.load import HostLoad
from doctor.facts.starts.runtime import HostRuntime
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Launch, Probing
from doctor.probes import _rung_bundled, _rung_engine, _rung_runtime, _rung_task
from doctor.probes._result import failed, passed, unproven
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, Rung, RungResult


@probe(proves="every layer that starts containers works: the kernel, the host's runtime, containerd, the engine")
def start(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    runtime: HostRuntime | Missing,
    containerd: HostContainerd | Missing,
    engine: StartingEngine | Missing,
    load: HostLoad | Missing,
    system: System | Missing,
    packages: Packages | Missing,
    state: EngineState | Missing,
) -> Probing:
    """Start a container through each layer, from the kernel up, and name the first layer that fails.

    1. The bundled runtime starts a container: the kernel can.
    2. The host's runtime (runc, or the engine's ``default-runtime``) runs a bundle of doctor's own, with a static program that
       doctor writes, under the limits and with the control groups, seccomp and AppArmor profile that the engine would use.
    3. containerd starts the same program through its shim: in a namespace of doctor's own, without an image or a snapshot.
    4. The engine creates and starts a container of the smallest image that it has, as ``docker run --init -p 127.0.0.1::47807``
       would: on its default network, with a port that only this host reaches, below docker-init, each if the engine has it. Only
       doctor's program runs in it: the image's entry point, health check and user are replaced, and it has no volume or restart
       policy. Nothing is pulled. Its name starts with ``doctor-`` and its label is ``io.doctor.probe``.

    All rungs are tried at the same time, each within its own limit. The first one that fails is the culprit: those above it
    stand on it. If the start succeeds without one of its parts, that part is named. A start that takes much longer than usual,
    twice, passes, but the host is not called healthy. A rung that could not be tried, although the host has the layer, leaves the result unproven. A rung with nothing
    to try (an engine without an image, or one that does not run, which a check reports) is named, and the host is not called
    healthy.
    """
    known = HostLoad(load=0.0, processors=1) if isinstance(load, Missing) else load
    limit_s = known.limit_s
    # Each rung is a file of its own; its order here is the order of the ladder.
    every = (
        _rung_bundled.rung(limit_s),
        _rung_runtime.rung(runtime, system, packages, limit_s),
        _rung_task.rung(containerd, runtime, system, packages, limit_s),
        _rung_engine.rung(engine, system, packages, limit_s),
    )
    rungs = [replace(rung, slow_s=known.slow_s) for rung in every]
    ended = yield Launch(
        tuple(rung.container for rung in rungs if rung.container), tuple(rung.start for rung in rungs if rung.start)
    )
    results = [(rung, rung.result(ended)) for rung in rungs]
    culprit = next((rung for rung, result in results if result.state == FAILED), None)
    if culprit is not None and culprit.others:
        without = yield Launch((), tuple(culprit.others.values()))
        results = [(rung, rung.without(without, result) if rung is culprit else result) for rung, result in results]
    has_engine = isinstance(state, EngineState) and state.status != "absent"
    return _judged(results, has_engine=has_engine)


def _judged(results: list[tuple[Rung, RungResult]], *, has_engine: bool) -> ProbeResult:
    evidence = [one for rung, result in results for one in (result.evidence or (Evidence(rung.name, result.says),))]
    for rung, result in results:
        if result.state == FAILED:
            remedy = f"; to do: {result.brings_back}" if result.brings_back else ""
            return failed(f"{rung.name} can't start a container: {result.says}{remedy}", evidence)
    untried = [f"{rung.name}: {result.says}" for rung, result in results if result.state == OPEN]
    able = ", ".join(rung.name for rung, result in results if result.state == PASSED)
    if untried:
        return unproven(f"not tried: {'; '.join(untried)}" + (f"; {able} can start one" if able else ""), evidence)
    # On a host without the engine, the layers of others are no gap.
    left = [f"{rung.name} ({result.says})" for rung, result in results if result.state == SKIPPED]
    more = f"; not tried: {', '.join(left)}" if left and has_engine else ""
    found = passed(f"a container was started by {able}{more}", evidence)
    # A layer above a slow one is slow with it.
    doubts = tuple(result.doubt for _, result in results if result.doubt)[:1]
    said = "; but ".join((found.message, *doubts))
    return replace(found, message=said, untried=tuple(left) if has_engine else (), doubts=doubts)
