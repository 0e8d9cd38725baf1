"""A refused look is not absence: nothing is said to be missing that an ordinary user may not see."""

from pathlib import Path

import pytest

from doctor.facts.access.clients import ClientEndpoints
from doctor.facts.config.values import NamedThings
from doctor.facts.host.kubernetes import CniConfig, KubeletCredentials
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.view import Stat
from doctor.scan.resolve import Facts


class Closed(RootHost):
    """A host with a directory that the user may not enter. Root may: a mode alone shows nothing in a test."""

    top = ""

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Refuse what is in it."""
        self._enter(path)
        return super().lstat(path, follow=follow)

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Refuse what is in it."""
        self._enter(path)
        return super().read(path, follow=follow, limit_bytes=limit_bytes)

    def _enter(self, path: HostPath) -> None:
        if path.startswith(f"{self.top}/"):
            raise HostError(Missing(Why.DENIED, f"{path}: permission denied"))


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node that kubeadm set up, with /etc/kubernetes closed as benchmarks ask."""
    for path, text in (
        ("usr/bin/kubelet", ""),
        ("var/lib/kubelet/config.yaml", "failSwapOn: false\n"),
        (
            "var/lib/kubelet/kubeadm-flags.env",
            'X="--container-runtime-endpoint=unix:///run/containerd/containerd.sock"\n',
        ),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_files_of_a_closed_directory_are_not_missing(node: Path) -> None:
    """The credentials have a gap, and whether the node has joined is unknown."""
    host = Closed(str(node))
    host.top = "/etc/kubernetes"
    found = Facts(host).get(KubeletCredentials)
    assert isinstance(found, KubeletCredentials)
    assert found.has_kubeconfig
    assert [gap.why for gap in found.gaps] == [Why.DENIED, Why.DENIED]
    joined = Facts(host).get(CniConfig)
    assert isinstance(joined, Missing)
    assert joined.why is Why.DENIED


def test_a_context_in_a_closed_directory_is_not_gone(tmp_path: Path) -> None:
    """The user's settings can be read, the context's can't."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    (tmp_path / "home/ann/.docker").mkdir(parents=True)
    (tmp_path / "home/ann/.docker/config.json").write_text('{"currentContext": "far"}')
    host = Closed(str(tmp_path), RecordedAnswers(live=True))
    for top, count in (("/nowhere", 1), ("/home/ann/.docker/contexts", 0)):
        host.top = top
        found = Facts(host).get(ClientEndpoints)
        assert isinstance(found, ClientEndpoints)
        assert len(found.dead) == count


def test_the_directory_of_a_socket_may_be_in_a_closed_one(tmp_path: Path) -> None:
    """Only root sees whether /root/run exists."""
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text('{"hosts": ["unix:///root/run/docker.sock"]}')
    host = Closed(str(tmp_path))
    for top, count in (("/nowhere", 1), ("/root", 0)):
        host.top = top
        found = Facts(host).get(NamedThings)
        assert isinstance(found, NamedThings)
        assert len(found.unfit) == count
