"""A directory that was /var/lib/docker, alone: reads, refusals and messages."""

import json
from pathlib import Path

import pytest

from doctor.api.engine import Engine
from doctor.cli.app import run
from doctor.engines.docker.places import DEFAULT_ROOT as PLACE
from doctor.host.data_root import DataRootHost
from doctor.model.errors import RefusedError, UsageError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.plugins.engines import engine, engines
from doctor.salvage.salvaging import Wish, salvage
from tests.unit.salvage.test_salvage import made


def test_images_of_a_directory(tmp_path: Path) -> None:
    """The same as with the whole host, and a salvage started one way continues the other way."""
    root, app, base, _ = made(tmp_path)
    out = str(tmp_path / "out")
    assert run(["salvage", "--quiet", "--data-root", str(root.data), "--to", out]) == 0
    outcome = salvage(DataRootHost(str(root.data), engines()), Wish(to=out), lambda _: None)
    assert {image.id for image in outcome.images} == {app, base}
    assert run(["salvage", "--quiet", "--root", str(root.top), "--to", out]) == 0


def test_nothing_is_written_into_it(tmp_path: Path) -> None:
    """A target beneath the directory is refused."""
    root, *_ = made(tmp_path)
    with pytest.raises(RefusedError, match="where nothing is written"):
        salvage(DataRootHost(str(root.data), engines()), Wish(to=str(root.data / "out")), lambda _: None)


def test_the_host_has_nothing_else(tmp_path: Path) -> None:
    """No settings, no /etc, and no way up out of the directory."""
    root, *_ = made(tmp_path)
    (tmp_path / "secret").write_text("no")
    (root.data / "link").symlink_to("../../../../../secret")
    host = DataRootHost(str(root.data), engines())
    assert host.resolve(PLACE) == PLACE
    assert (host.lstat(PLACE).kind, host.xattrs(PLACE).get("user.none")) == ("d", None)
    assert dict(host.scandir(PLACE))["image"] == "d"
    for path in (HostPath("/etc/docker/daemon.json"), HostPath("/"), HostPath("/var/lib"), join(PLACE, "link")):
        with pytest.raises(HostError):
            host.read(path)
    for path in (HostPath("/"), HostPath("/var/lib"), HostPath("/var/lib/dockerx")):
        with pytest.raises(HostError):
            host.lstat(path)


def test_what_is_no_data_root_is_reported(tmp_path: Path) -> None:
    """The directory above it, one of a host with mapped ids, one of something else, a file; and both options at once."""
    root, *_ = made(tmp_path)
    with pytest.raises(UsageError) as above:
        DataRootHost(str(root.top), engines())
    assert above.value.do == f"name {root.data}"
    (tmp_path / "mapped/100000.100000/image").mkdir(parents=True)
    with pytest.raises(UsageError) as mapped:
        DataRootHost(str(tmp_path / "mapped"), engines())
    assert mapped.value.do == f"name {tmp_path}/mapped/100000.100000"
    for place in (tmp_path / "mapped/100000.100000/image", root.data / "engine-id"):
        with pytest.raises(UsageError):
            DataRootHost(str(place), engines())
    assert run(["salvage", "--to", str(tmp_path / "o"), "--root", str(root.top), "--data-root", str(root.data)]) == 2


class Shed(Engine):
    """An engine whose data root has a name of Docker's in it, and is in a directory with another."""

    default_root = HostPath("/var/lib/containers/shed")
    marks = frozenset({"volumes", "shelves", "shed.lock"})
    likely = ("containers/shed",)


def test_of_two_engines_with_a_common_name_the_one_with_more_marks_counts(tmp_path: Path) -> None:
    """In either order. The directory above has a name of Docker's data root, and is not a data root."""
    shed = tmp_path / "containers/shed"
    (shed / "volumes").mkdir(parents=True)
    for layouts in ((engine("docker"), Shed()), (Shed(), engine("docker"))):
        assert DataRootHost(str(shed), layouts).resolve(layouts[0].default_root) == layouts[0].default_root
    (shed / "shelves").mkdir()
    for layouts in ((engine("docker"), Shed()), (Shed(), engine("docker"))):
        host = DataRootHost(str(shed), layouts)
        assert host.listdir(Shed.default_root) == ["shelves", "volumes"]
        with pytest.raises(HostError):
            host.listdir(PLACE)
        with pytest.raises(UsageError) as above:
            DataRootHost(str(tmp_path), layouts)
        assert above.value.do == f"name {shed}"


def test_a_scan_of_a_directory(tmp_path: Path) -> None:
    """Its own damage is found; missing parts of a host are not findings."""
    root, app, *_ = made(tmp_path)
    (root.store / "imagedb/content/sha256" / app).write_bytes(b"")
    out = tmp_path / "report.json"
    select = "config,network,firewall,state/image-content-corrupt"
    assert run(["scan", "--data-root", str(root.data), "--select", select, "--format", "json", "-o", str(out)]) == 1
    assert {finding["id"] for finding in json.loads(out.read_bytes())["findings"]} == {"state/image-content-corrupt"}
