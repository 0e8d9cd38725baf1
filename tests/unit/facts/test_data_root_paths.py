"""A relative path below the data root follows its first component, if that is a symbolic link, however it is given."""

import pytest

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.model.paths import HostPath


def root(**places: HostPath) -> DataRoot:
    place = HostPath("/var/lib/docker")
    return DataRoot(
        path=place,
        resolved=place,
        entries=dict.fromkeys(places, "d"),
        uid=0,
        gid=0,
        mode=0o710,
        is_of_root=True,
        device=1,
        mount=None,
        drivers=(),
        configured_driver="",
        places=places,
    )


@pytest.mark.parametrize("parts", [(docker.NETWORK_DATABASE,), docker.NETWORK_DATABASE.split("/"), ()])
def test_a_linked_directory_is_followed(parts: tuple[str, ...]) -> None:
    below = "/" + docker.NETWORK_DATABASE if parts else ""
    assert root().at(*parts) == f"/var/lib/docker{below}"
    assert root(volumes=HostPath("/mnt/v")).at(*parts) == f"/var/lib/docker{below}"
    moved = below.replace(f"/{docker.NETWORK}", "/mnt/net", 1) if parts else "/var/lib/docker"
    assert root(network=HostPath("/mnt/net")).at(*parts) == moved


def test_a_name_that_only_begins_like_a_link_is_not_followed() -> None:
    linked = root(image=HostPath("/mnt/i"))
    assert linked.at(docker.IMAGE) == "/mnt/i"
    assert linked.at("images/x") == "/var/lib/docker/images/x"
    assert linked.at(docker.tags()) == "/mnt/i/overlay2/repositories.json"
