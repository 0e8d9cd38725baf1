"""Images of the data root can be mounted and show the content of their layers."""

from typing import Any

from doctor.api import Evidence, Missing, probe
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.samples import ImageSample, ImageSamples, Shape
from doctor.facts.layers.headers import LayerHeaders
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.text import plural, visible
from doctor.probes._result import failed, passed, skipped, unproven

_SHOWN = 3


@probe(proves="a sample of images can be mounted, shows the content of its layers and contains its program")
def image(root: DataRoot, samples: ImageSamples | Missing, headers: LayerHeaders | Missing) -> Probing:
    """Mount up to five images from the data root, and compare the result with the content of their layers.

    Each is mounted as the engine mounts it: the layers that the short links of its top layer, and of that layer's
    ``lower``, point to. The image's config names the layers that these must be. Files of each layer must appear with
    mode, owner and size, and files under a whiteout must not, so a link to a wrong layer is detected. The image's program
    must exist and have a program's header, unless a volume provides it. It is never run, because an image may be hostile.
    All images with a missing layer directory fail without being mounted.
    Owners, modes, links and marks of up to 10,000 entries are compared with the tar headers that the engine unpacked
    them by: a layer that lost them shows another image than was pulled.
    """
    if isinstance(samples, Missing):
        return _unexamined(root, samples)
    if not samples.items:
        return skipped("the data root contains no images")
    able = [one for one in samples.items if not one.problem]
    ended = yield Launch(tuple(_container(samples, number, one) for number, one in enumerate(able)))
    problems = {one.title: one.problem for one in samples.items if one.problem}
    evidence = [Evidence(f"image {title}", problem) for title, problem in problems.items()]
    for number, one in enumerate(able):
        problem = _problem(one, ended.get(f"image{number}"))
        if problem:
            problems[one.title] = problem
        evidence.append(Evidence(f"image {one.title}", problem or _good(one, ended[f"image{number}"])))
    for title in samples.lost:
        problems.setdefault(title, "the directory of a layer is missing")
    if not isinstance(headers, Missing):
        compared, lossy = _compared(headers)
        evidence.append(compared)
        problems |= lossy
    if problems:
        first = [f"{title}: {problem}" for title, problem in problems.items()][:_SHOWN]
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        return failed(f"{plural(len(problems), 'unusable image')}: {'; '.join(first)}{more}", evidence)
    count = (
        f"{len(able)} of {plural(samples.total, 'image')}" if len(able) < samples.total else plural(len(able), "image")
    )
    return passed(f"{count} mounted, with the content of {'its' if len(able) == 1 else 'their'} layers", evidence)


def _unexamined(root: DataRoot, samples: Missing) -> ProbeResult:
    """Judge a data root without images that can be mounted from here: a skip if another driver or store has them."""
    driver, mine = root.active_driver, root.driver(docker.OVERLAY2)
    if driver not in {"", docker.OVERLAY2}:
        return skipped(f"the storage driver is {driver}: 'start' starts an image of it by the engine")
    if driver == "" and mine is None:
        return skipped(f"{root.resolved} has no image of {docker.OVERLAY2}")
    return unproven(f"can't examine {docker.OVERLAY2} images: {samples.reason}")


def _compared(headers: LayerHeaders) -> tuple[Evidence, dict[str, str]]:
    """Return how much was compared with tar headers, and what differs, by layer."""
    lossy = {
        look.title: f"{_path(look.lost[0].name)}: {visible(look.lost[0].why)}, by the layer's tar headers"
        for look in headers.lossy()
    }
    left = f"; {plural(headers.left, 'layer')} not to their end" if headers.left else ""
    compared = f"{headers.entries} entries of {plural(len(headers.looks), 'layer')}{left}"
    return Evidence("compared with tar headers", compared), lossy


def _path(name: bytes) -> str:
    return "/" + visible(name.decode("utf-8", "surrogateescape"))


def _container(samples: ImageSamples, number: int, one: ImageSample) -> dict[str, Any]:
    args: dict[str, Any] = {"paths": [*one.present, *one.absent]}
    if one.program:
        args |= {"program": one.program, "search": one.search}
    return {
        "id": f"image{number}",
        "layers_root": samples.overlay2,
        "layers": list(one.layers),
        "readonly": True,
        "builtin": "stat-files",
        "args": args,
    }


def _problem(one: ImageSample, ended: Ended | None) -> str:
    if ended is None:
        return "its test container was lost"
    if ended.error:
        return ended.error
    files = ended.output.get("files")
    if not isinstance(files, dict):
        return f"its test container exited with code {ended.exit}: {ended.stderr.strip()}"
    for path, shape in one.present.items():
        seen = files.get(path, {})
        if "errno" in seen:
            return f"{path} is missing in the mount, but is in one of its layers"
        if _shape(seen) != shape:
            return f"{path} differs from the file in its layer"
    for path in one.absent:
        if "errno" not in files.get(path, {}):
            return f"{path} is visible, but a layer removes it"
    if one.program and not one.is_program_of_volume and not ended.output.get("program"):
        return f"program '{one.program}' is missing: no container of this image can start"
    if ended.output.get("program") and not ended.output.get("runs"):
        return f"program {ended.output['program']} is corrupt (invalid header): no container of this image can start"
    return ""


def _shape(seen: dict[str, Any]) -> Shape:
    return Shape(
        kind=str(seen.get("type")),
        mode=int(seen.get("mode", -1)),
        uid=int(seen.get("uid", -1)),
        gid=int(seen.get("gid", -1)),
        size=int(seen.get("bytes", -1)),
    )


def _good(one: ImageSample, ended: Ended) -> str:
    seen = f"{plural(len(one.present), 'file')} as in its {plural(len(one.layers), 'layer')}"
    gone = f", {plural(len(one.absent), 'removed file')} absent" if one.absent else ""
    place = ended.output.get("program")
    program = (
        ""
        if not one.program
        else f"; program {place} exists"
        if place
        else f"; a volume provides program '{one.program}'"
    )
    return seen + gone + program
