"""A prediction of the host, read through the same paths as the host."""

from pathlib import Path

import pytest

from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.step import File, Move, Put, Symlink


@pytest.fixture
def host(tmp_path: Path) -> OverlayHost:
    """A host on which /var/run leads to /run, as on any."""
    (tmp_path / "run/docker.pid").mkdir(parents=True)
    (tmp_path / "run/other").write_text("there")
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("/run")
    return OverlayHost(RootHost(str(tmp_path)))


def test_a_change_is_seen_through_a_link_above_it(host: OverlayHost) -> None:
    """Steps name real places; what reads /var/run must see what they do in /run."""
    host.apply(Move(path="/run/docker.pid", to="/var/lib/doctor/quarantine/docker.pid"))
    host.apply(Put(path="/run/new", node=File(content=b"made")))
    for top in ("/run", "/var/run"):
        assert not host.exists(HostPath(f"{top}/docker.pid"))
        assert host.lstat(HostPath(f"{top}/new")).kind == "f"
        assert host.read(HostPath(f"{top}/other")) == b"there"
    with pytest.raises(HostError):
        host.listdir(HostPath("/var/run/docker.pid"))


def test_what_may_not_pass_a_link_does_not(host: OverlayHost) -> None:
    """Below a data root no link is followed, in a prediction either."""
    host.apply(Put(path="/run/new", node=File(content=b"made")))
    with pytest.raises(HostError):
        host.lstat(HostPath("/var/run/new"), follow=False)


def test_a_predicted_link_leads_to_what_no_step_changed(host: OverlayHost) -> None:
    """The same file through the link itself, and through a link of the host that leads to it."""
    host.apply(Put(path="/run/link", node=Symlink(target="other")))
    for top in ("/run", "/var/run"):
        assert host.read(HostPath(f"{top}/link")) == b"there"
    with pytest.raises(HostError, match="/var/run/nothing"):
        host.read(HostPath("/var/run/nothing"))
