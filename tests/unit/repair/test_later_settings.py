"""A container's own settings: what a person sets counts, what the engine rewrites does not."""

import json

import pytest

from doctor.engines.docker.engine import ENGINE
from doctor.engines.docker.settings import changed_settings

HOST = {"Memory": 0, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "Binds": None}
CONFIG = {"Name": "/web", "State": {"Running": True}, "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}}  # fmt: skip


def changed(name: str, left: object, now: object) -> list[str]:
    """Return the names."""
    return list(changed_settings(name, json.dumps(left).encode(), json.dumps(now).encode(), "web"))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"Memory": 1 << 26}, "the memory limit"),
        ({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}, "the restart policy"),
        ({"CpusetCpus": "0"}, "the CPUs"),
        ({"PidsLimit": 9}, "the process limit"),
        ({"RestartPolicy": {"Name": ""}, "Memory": None, "CpuShares": 0, "Binds": ["/a:/b"], "ShmSize": 67108864}, ""),
    ],
)
def test_what_docker_update_sets(now: dict[str, object], said: str) -> None:
    """Each key of it; defaults that the engine writes out are none."""
    assert changed("hostconfig.json", HOST, HOST | now) == ([f"{said} of container web"] if said else [])


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"Name": "/app"}, "the name app"),
        ({"NetworkSettings": {"Networks": {"bridge": {}, "mesh": {}}}}, "the networks"),
        ({"NetworkSettings": {"Networks": {"default": {"IPAddress": ""}}}, "State": {}, "Image": "x"}, ""),
    ],
)
def test_names_and_networks(now: dict[str, object], said: str) -> None:
    """State and addresses change with every start."""
    assert changed("config.v2.json", CONFIG, CONFIG | now) == ([f"{said} of container web"] if said else [])


def test_what_is_corrupt_names_nothing() -> None:
    """No guess."""
    assert changed_settings("hostconfig.json", b"{", b"{}", "web") == ()
    assert changed_settings("hostconfig.json", b"{}", b"[]\0", "web") == ()


def test_which_files() -> None:
    """Beneath the data root."""
    assert ENGINE.is_settings("containers/0123/hostconfig.json")
    assert not ENGINE.is_settings("containers/0123/checkpoints/hostconfig.json")
    assert not ENGINE.is_settings("volumes/0123/hostconfig.json")
