"""Judgements of the probe of images on the results of its containers."""

from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.engine.data_root import DataRoot, DriverDirectory
from doctor.facts.images.samples import ImageSample, ImageSamples, Shape
from doctor.facts.layers.content import LostEntry
from doctor.facts.layers.headers import HeaderLook, LayerHeaders
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Result
from doctor.model.paths import HostPath
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes.image import image


def begin(work: Probing) -> Launch | ProbeResult:
    try:
        return next(work)
    except StopIteration as end:
        found: ProbeResult = end.value
        return found


def end(work: Probing, ended: dict[str, Ended]) -> ProbeResult:
    with pytest.raises(StopIteration) as stopped:
        work.send(ended)
    found: ProbeResult = stopped.value.value
    return found


ROOT = DataRoot(
    path=HostPath("/d"), resolved=HostPath("/d"), entries={}, uid=0, gid=0, mode=0o710, is_of_root=True, device=1, mount=None,
    drivers=(), configured_driver="overlay2",
)  # fmt: skip
OVERLAY2 = DriverDirectory(name="overlay2", exists=True, is_empty=False, images=0, layers=0, containers=0)
UNCOMPARED = Missing(Why.ABSENT, "no layers")
FILE = {"type": "-", "mode": 0o644, "uid": 0, "gid": 0, "bytes": 5}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"/a": FILE, "/gone": {"errno": 2}}, Result.PASS),
        ({"/a": {"errno": 2}, "/gone": {"errno": 2}}, Result.FAIL),
        ({"/a": FILE | {"bytes": 6}, "/gone": {"errno": 2}}, Result.FAIL),
        ({"/a": FILE | {"mode": 0o600}, "/gone": {"errno": 2}}, Result.FAIL),
        ({"/a": FILE, "/gone": FILE}, Result.FAIL),
        ({}, Result.FAIL),
    ],
)
def test_an_image_shows_what_its_layers_hold(seen: dict[str, Any], expected: Result) -> None:
    shape = Shape(kind="-", mode=0o644, uid=0, gid=0, size=5)
    sample = ImageSample(title="app:1", layers=("x/diff",), present={"/a": shape}, absent=("/gone",))
    work = image(ROOT, ImageSamples(overlay2=HostPath("/d/overlay2"), items=(sample,), total=1), UNCOMPARED)
    begin(work)
    assert end(work, {"image0": Ended(id="image0", exit=0, output={"files": seen})}).result is expected


@pytest.mark.parametrize(
    ("driver", "drivers", "expected"),
    [
        ("vfs", (), Result.SKIP),
        ("", (), Result.SKIP),
        ("", (OVERLAY2,), Result.UNPROVEN),
        ("overlay2", (), Result.UNPROVEN),
    ],
    ids=["vfs", "containerd's image store, or no engine", "overlay2 without its store", "overlay2 is set"],
)
def test_images_of_another_driver_leave_nothing_unproven(
    driver: str, drivers: tuple[DriverDirectory, ...], expected: Result
) -> None:
    """Such a host can be healthy; one that lost overlay2's store is not proven so."""
    root = replace(ROOT, configured_driver=driver, drivers=drivers)
    assert begin(image(root, Missing(Why.ABSENT, "no overlay2 image store"), UNCOMPARED)).result is expected


@pytest.mark.parametrize(("fit", "expected"), [(1, Result.FAIL), (0, Result.PASS)])
def test_an_image_whose_layers_lost_what_their_headers_say(fit: int, expected: Result) -> None:
    """All that is seen is as the layers have it, and these are not what was pulled; of headers of another layer nothing is believed."""
    lost = LostEntry(
        name=b"app", why="owner 0:0 instead of 1:1", kind="directory", exists=True, mode=0, uid=1, gid=1, mtime_ns=0
    )
    look = HeaderLook(chain="c", top=HostPath("/d/l/diff"), title="layer c", entries=2, files=1, fit=fit, lost=(lost,))
    sample = ImageSample(title="app:1", layers=("x/diff",))
    samples = ImageSamples(overlay2=HostPath("/d/overlay2"), items=(sample,), total=1)
    work = image(ROOT, samples, LayerHeaders(looks={"c": look}))
    begin(work)
    found = end(work, {"image0": Ended(id="image0", exit=0, output={"files": {}})})
    assert found.result is expected
    assert ("layer c: /app: owner 0:0 instead of 1:1" in found.message) is bool(fit)


def test_an_image_out_of_the_sample_that_lost_a_layer() -> None:
    sample = ImageSample(title="app:1", layers=("x/diff",))
    work = image(
        ROOT, ImageSamples(overlay2=HostPath("/d/overlay2"), items=(sample,), total=9, lost=("old:1",)), UNCOMPARED
    )
    begin(work)
    found = end(work, {"image0": Ended(id="image0", exit=0, output={"files": {}})})
    assert found.result is Result.FAIL
    assert "old:1" in found.message


@pytest.mark.parametrize(
    ("program", "of_volume", "place", "expected"),
    [
        ("/bin/app", False, "/bin/app", Result.PASS),
        ("/bin/app", False, "", Result.FAIL),
        ("app", False, "", Result.FAIL),
        ("/data/app", True, "", Result.PASS),
        ("", False, None, Result.PASS),
    ],
)
def test_an_image_without_its_program(program: str, of_volume: bool, place: str | None, expected: Result) -> None:
    sample = ImageSample(title="app:1", layers=("x/diff",), program=program, is_program_of_volume=of_volume)
    work = image(ROOT, ImageSamples(overlay2=HostPath("/d/overlay2"), items=(sample,), total=1), UNCOMPARED)
    begin(work)
    output = {"files": {}, "program": place, "runs": bool(place)}
    assert end(work, {"image0": Ended(id="image0", exit=0, output=output)}).result is expected


def test_an_image_whose_program_is_no_program() -> None:
    """There, as long as it should be, and zeros: exec answers "exec format error"."""
    sample = ImageSample(title="app:1", layers=("x/diff",), program="/bin/app")
    work = image(ROOT, ImageSamples(overlay2=HostPath("/d/overlay2"), items=(sample,), total=1), UNCOMPARED)
    begin(work)
    output = {"files": {}, "program": "/bin/app", "runs": False}
    assert end(work, {"image0": Ended(id="image0", exit=0, output=output)}).result is Result.FAIL
