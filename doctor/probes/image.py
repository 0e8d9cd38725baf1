"""Images of the data root mount, and show what their layers hold."""

from typing import Any

from doctor.api import Evidence, Missing, probe
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.samples import ImageSample, ImageSamples, Shape
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes._result import failed, passed, skipped, unproven

_SHOWN = 3


@probe(proves="a sample of images mounts, shows what its layers hold and has the program it starts")
def image(root: DataRoot, samples: ImageSamples | Missing) -> Probing:
    """Mount up to five images straight from the data root, and compare what is seen with what their layers hold.

    Each is mounted as the engine would: the layers that the short links of its top layer and of that one's ``lower`` lead to.
    Which layers these must be is known from the image's config; files of each of them must be seen with mode, owner and size,
    and what a whiteout removes must be gone, so a link that leads to another layer is noticed. The image's program must be
    there and begin as a program does, unless a volume is to bring it; it is never run: an image may be hostile. Images with a layer that has no directory
    fail without being tried, all of them.
    """
    if isinstance(samples, Missing):
        driver = root.active_driver
        other = f"the storage driver here is {driver}" if driver not in {"", "overlay2"} else samples.reason
        return unproven(f"no image of overlay2 can be looked at: {other}")
    if not samples.items:
        return skipped("there is no image in the data root")
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
        problems.setdefault(title, "a layer of it has no directory")
    if problems:
        first = [f"{title}: {problem}" for title, problem in problems.items()][:_SHOWN]
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        return failed(f"not every image can be used: {'; '.join(first)}{more}", evidence)
    return passed(
        f"{len(able)} of {samples.total} images mount and show what their layers hold"
        if len(able) < samples.total
        else f"all {samples.total} images mount and show what their layers hold",
        evidence,
    )


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
        return "its test container is lost"
    if ended.error:
        return ended.error
    files = ended.output.get("files")
    if not isinstance(files, dict):
        return f"its test container ended with {ended.exit}: {ended.stderr.strip()}"
    for path, shape in one.present.items():
        seen = files.get(path, {})
        if "errno" in seen:
            return f"{path} of one of its layers is missing in the mount"
        if _shape(seen) != shape:
            return f"{path} is not the file that its layer holds"
    for path in one.absent:
        if "errno" not in files.get(path, {}):
            return f"{path} is visible although a layer removes it"
    if one.program and not one.is_program_of_volume and not ended.output.get("program"):
        return f"its program '{one.program}' is missing: no container of this image starts"
    if ended.output.get("program") and not ended.output.get("runs"):
        return f"its program {ended.output['program']} is damaged: it does not begin as a program does, so no container of this image starts"
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
    seen = f"{len(one.present)} files as in its {len(one.layers)} layers"
    gone = f", {len(one.absent)} removed ones gone" if one.absent else ""
    place = ended.output.get("program")
    program = (
        ""
        if not one.program
        else f"; it starts {place}"
        if place
        else f"; its program '{one.program}' comes from a volume"
    )
    return seen + gone + program
