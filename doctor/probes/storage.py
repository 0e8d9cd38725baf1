"""Overlay works on the data root's file system as containers need it."""

from typing import Any, NamedTuple

from doctor.api import Evidence, Missing, probe
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.host.mounts import Mounts
from doctor.facts.images.samples import ImageSample, ImageSamples
from doctor.facts.storage.writable import OwnDirectory, WriteTrial
from doctor.model.outcome import Result
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.report import ProbeResult
from doctor.probes._result import failed, not_run, passed, result, skipped, unproven

_SEED = {
    "/doctor/change": "written by the layer below\n",
    "/doctor/gone": "hidden\n",
    "/doctor/directory/below": "hidden\n",
}
_WORK = {"builtin": "overlay-check"}
_OVERLAY_DRIVERS = frozenset({"", "overlay2", "overlay"})


@probe(proves="overlay works on the data root's file system as containers need it")
def storage(
    root: DataRoot,
    own: OwnDirectory | Missing,
    samples: ImageSamples | Missing,
    mounts: Mounts | Missing,
    trial: WriteTrial | Missing,
) -> Probing:
    """Write, rename, link, copy up and remove in an overlay like a container's.

    Its writable layer lies in doctor's own directory where that shares the data root's file system, so the file system is
    tried for all that an upper layer needs. Elsewhere it lies in memory, since nothing is ever left in the data root: that
    the file system takes an upper layer is then shown by a container of the engine that has one mounted on it for writing,
    and that it takes a write now by a file without a name. Without either of them nothing is proven. The lower layer holds files of the probe's own; a second overlay stands on the layers of an
    image where there is one. That an image's layers are damaged is for the probe ``image`` to say.
    """
    driver = root.active_driver
    if driver not in _OVERLAY_DRIVERS:
        return skipped(f"the storage driver here is {driver}, which has no overlay")
    if root.mount is not None and root.mount.is_read_only:
        evidence = [Evidence(root.mount.mount_point, ",".join(root.mount.options))]
        return failed(f"the file system of {root.resolved} is mounted read-only: no container can be made", evidence)
    if not isinstance(trial, Missing) and trial.is_refused:
        evidence = [Evidence(f"write of a file without a name on {root.resolved}", trial.words)]
        return failed(f"the file system of {root.resolved} takes no write: {trial.words}", evidence)
    sample = None if isinstance(samples, Missing) else next((one for one in samples.items if not one.problem), None)
    shares = isinstance(own, OwnDirectory) and own.device == root.device and own.is_writable
    scratch = own.path if shares and isinstance(own, OwnDirectory) else ""
    containers = [_plain(root, scratch)]
    if sample is not None and not isinstance(samples, Missing):
        containers.append(_on_image(samples, sample, scratch))
    ended = yield Launch(tuple(containers))
    return _judge(root, sample, scratch, ended, beside=_Beside(trial, _uppers(root, mounts)))


def _plain(root: DataRoot, scratch: str) -> dict[str, Any]:
    if scratch:
        args = {"change": ["/doctor/change"], "hide": ["/doctor/gone", "/doctor/directory"]}
        return {"id": "plain", **_WORK, "args": args, "scratch": {"directory": scratch, "files": _SEED}}
    # A lower layer of that file system is needed, whatever is in it: nothing of it is looked at.
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


class _Beside(NamedTuple):
    """What shows that the data root's file system carries upper layers where the test container's lies in memory."""

    trial: WriteTrial | Missing
    uppers: int

    def lacks(self, root: DataRoot) -> str:
        """Return what is not shown, "" where both are."""
        if isinstance(self.trial, Missing):
            return f"whether {root.resolved} takes a write was not tried: {self.trial.reason}"
        if self.trial.error:
            return f"whether {root.resolved} takes a write can't be tried: {self.trial.words}"
        return "" if self.uppers else "no container writes on that file system, and doctor has no directory on it"


def _judge(
    root: DataRoot, sample: ImageSample | None, scratch: str, ended: dict[str, Ended], *, beside: _Beside
) -> ProbeResult:
    kind = root.mount.fs_type if root.mount is not None else "unknown file system"
    upper = (
        f"in {scratch}, on the same file system"
        if scratch
        else "in memory: doctor has no directory on that file system"
    )
    evidence = [Evidence(root.resolved, kind), Evidence("writes of the test containers", upper)]
    plain, image = ended.get("plain"), ended.get("image")
    if plain is not None and "the overlay" in plain.error:
        return failed(f"no container's file system can be made on {root.resolved} ({kind}): {plain.error}", evidence)
    problem = not_run((plain,))
    if problem is not None or plain is None:
        return problem or result(Result.ERROR, "nothing was launched")
    for name, one in (("files of the probe's own", plain), (f"layers of {sample.title}" if sample else "", image)):
        if one is None:
            continue
        evidence.append(Evidence(f"overlay on {name}", one.error or ", ".join(_done(one)) or "nothing worked"))
        if not one.error and not one.output.get("ok"):
            step, why = one.output.get("failed") or "begin", one.output.get("error") or one.stderr.strip()
            return failed(f"an overlay over {root.resolved} ({kind}) can't '{step}': {why}", evidence)
    where = f"on {root.resolved} ({kind})" if scratch else f"over {root.resolved} ({kind}), with writes kept in memory"
    can = f"an overlay {where} can write, rename, link, copy up and remove"
    if sample is not None and image is not None and image.error:
        return unproven(f"{can}; the layers of {sample.title} could not be tried: {image.error}", evidence)
    if scratch:
        return passed(can, evidence)
    if lacks := beside.lacks(root):
        return unproven(f"{can}; {lacks}", evidence)
    evidence.append(Evidence(f"write of a file without a name on {root.resolved}", "done"))
    shown = f"a file without a name was written there, and {beside.uppers} of the engine's containers write on it"
    return passed(f"{can}; {shown}", evidence)


def _done(ended: Ended) -> list[str]:
    done = ended.output.get("done")
    return [str(step) for step in done] if isinstance(done, list) else []
