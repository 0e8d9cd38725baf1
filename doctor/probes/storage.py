"""An overlay on the data root's file system supports the operations that containers need."""

from typing import Any, NamedTuple

from doctor.api import Evidence, Missing, probe
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineInfo
from doctor.facts.host.mounts import Mounts
from doctor.facts.images.samples import ImageSample, ImageSamples
from doctor.facts.storage.writable import OwnDirectory, WriteTrial
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.text import plural
from doctor.probes._result import failed, not_run, passed, result, skipped, unproven

_SEED = {
    "/doctor/change": "written by the layer below\n",
    "/doctor/gone": "hidden\n",
    "/doctor/directory/below": "hidden\n",
}
_WORK = {"builtin": "overlay-check"}
_OVERLAY_DRIVERS = frozenset({"", docker.OVERLAY2, "overlay"})


@probe(proves="an overlay on the data root's file system supports the operations that containers need")
def storage(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    root: DataRoot,
    own: OwnDirectory | Missing,
    samples: ImageSamples | Missing,
    mounts: Mounts | Missing,
    trial: WriteTrial | Missing,
    engine: EngineInfo | Missing,
) -> Probing:
    """Write, rename, link, copy up and remove in an overlay like a container's.

    If doctor's own directory is on the data root's file system, the writable layer is there, and the file system is tested
    fully. Otherwise the writable layer is in memory, because the probe leaves nothing in the data root. Then a writable
    overlay mount of one of the engine's containers shows that the file system supports upper layers, or an engine that
    runs with overlay2 there, which mounts one at its start and ends where it can't. A write of an unnamed file shows
    that it accepts writes. If either is missing, the result is unproven. The lower layer has files of
    the probe's own; a second overlay uses the layers of an image, if there is one. The probe ``image`` reports damaged
    layers.
    """
    driver = root.active_driver
    if driver not in _OVERLAY_DRIVERS:
        return skipped(f"the storage driver is {driver}, which does not use overlay")
    if root.mount is not None and root.mount.is_read_only:
        evidence = [Evidence(root.mount.mount_point, ",".join(root.mount.options))]
        return failed(f"the file system of {root.resolved} is mounted read-only: no container can be created", evidence)
    if not isinstance(trial, Missing) and trial.is_refused:
        evidence = [Evidence(f"write of an unnamed file on {root.resolved}", trial.words)]
        return failed(f"can't write to the file system of {root.resolved}: {trial.words}", evidence)
    sample = None if isinstance(samples, Missing) else next((one for one in samples.items if not one.problem), None)
    shares = isinstance(own, OwnDirectory) and own.device == root.device and own.is_writable
    scratch = own.path if shares and isinstance(own, OwnDirectory) else ""
    containers = [_plain(root, scratch)]
    if sample is not None and not isinstance(samples, Missing):
        containers.append(_on_image(samples, sample, scratch))
    ended = yield Launch(tuple(containers))
    return _judge(root, sample, scratch, ended, beside=_Beside(trial, _shown_by(root, mounts, engine)))


def _plain(root: DataRoot, scratch: str) -> dict[str, Any]:
    if scratch:
        args = {"change": ["/doctor/change"], "hide": ["/doctor/gone", "/doctor/directory"]}
        return {"id": "plain", **_WORK, "args": args, "scratch": {"directory": scratch, "files": _SEED}}
    # The test needs a lower layer on that file system; its content is not read.
    return {"id": "plain", **_WORK, "args": {}, "layers": [root.resolved]}


def _on_image(samples: ImageSamples, sample: ImageSample, scratch: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": "image", **_WORK, "layers_root": samples.overlay2, "layers": list(sample.layers)}
    found["args"] = {"change": [one for one in (sample.change,) if one], "hide": [one for one in (sample.hide,) if one]}
    return found | ({"scratch": {"directory": scratch}} if scratch else {})


def _uppers(root: DataRoot, mounts: Mounts | Missing) -> int:
    """Return how many overlays of containers write into the data root: the kernel tried each upper layer at its mount."""
    if isinstance(mounts, Missing):
        return 0
    start = f"upperdir={root.resolved}/"
    overlays = (one for one in mounts.items if one.fs_type == "overlay" and not one.is_read_only)
    return sum(1 for one in overlays if any(option.startswith(start) for option in one.super_options))


def _shown_by(root: DataRoot, mounts: Mounts | Missing, engine: EngineInfo | Missing) -> str:
    """Return who has mounted an upper layer on the data root's file system, "" for nobody."""
    if uppers := _uppers(root, mounts):
        return f"it has {plural(uppers, 'mounted writable layer')}"
    if isinstance(engine, Missing) or engine.storage_driver != docker.OVERLAY2:
        return ""
    is_there = engine.data_root in {root.path, root.resolved}
    return f"the engine that runs there mounted one as {docker.OVERLAY2} at its start" if is_there else ""


class _Beside(NamedTuple):
    """Evidence that the data root's file system supports upper layers, for a test container with its own in memory."""

    trial: WriteTrial | Missing
    shown_by: str

    def lacks(self, root: DataRoot) -> str:
        """Return the missing evidence, "" if both parts exist."""
        if isinstance(self.trial, Missing):
            return f"writing to {root.resolved} was not tested: {self.trial.reason}"
        if self.trial.error:
            return f"writing to {root.resolved} can't be tested: {self.trial.words}"
        if self.shown_by:
            return ""
        return "no container and no running engine shows that layers can be written there, and doctor's directory is elsewhere"


def _judge(
    root: DataRoot, sample: ImageSample | None, scratch: str, ended: dict[str, Ended], *, beside: _Beside
) -> ProbeResult:
    kind = root.mount.fs_type if root.mount is not None else "unknown file system"
    upper = (
        f"in {scratch}, on the same file system"
        if scratch
        else "in memory: doctor's directory is on another file system"
    )
    evidence = [Evidence(root.resolved, kind), Evidence("writes of the test containers", upper)]
    plain, image = ended.get("plain"), ended.get("image")
    if plain is not None and "the overlay" in plain.error:
        return failed(f"can't create a container's file system on {root.resolved} ({kind}): {plain.error}", evidence)
    problem = not_run((plain,))
    if problem is not None or plain is None:
        return problem or result(Result.ERROR, "no test container was started")
    for name, one in (("files of the probe's own", plain), (f"layers of {sample.title}" if sample else "", image)):
        if one is None:
            continue
        evidence.append(Evidence(f"overlay on {name}", one.error or ", ".join(_done(one)) or "nothing worked"))
        if not one.error and not one.output.get("ok"):
            step, why = one.output.get("failed") or "begin", one.output.get("error") or one.stderr.strip()
            return failed(f"an overlay on {root.resolved} ({kind}) fails to {step}: {why}", evidence)
    where = (
        f"on {root.resolved} ({kind})"
        if scratch
        else f"on {root.resolved} ({kind}), with its writable layer in memory,"
    )
    can = f"an overlay {where} can write, rename, link, copy up and remove"
    if sample is not None and image is not None and image.error:
        return unproven(f"{can}; the layers of {sample.title} could not be tested: {image.error}", evidence)
    if scratch:
        return passed(can, evidence)
    if lacks := beside.lacks(root):
        return unproven(f"{can}; {lacks}", evidence)
    evidence.append(Evidence(f"write of an unnamed file on {root.resolved}", "done"))
    shown = f"writing an unnamed file there works, and {beside.shown_by}"
    return passed(f"{can}; {shown}", evidence)


def _done(ended: Ended) -> list[str]:
    done = ended.output.get("done")
    return [str(step) for step in done] if isinstance(done, list) else []
