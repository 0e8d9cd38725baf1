"""Finds changes that a user made in a container's settings after a repair: the engine rewrites both files at every start and stop."""

from collections.abc import Iterator
from typing import Any

from doctor.engines.docker import places as docker
from doctor.formats.json_safe import load_object
from doctor.model.errors import FormatError

# Each key that `docker update` sets.
_UPDATED = {
    "RestartPolicy": "the restart policy",
    "Memory": "the memory limit",
    "MemoryReservation": "the memory reservation",
    "MemorySwap": "the swap limit",
    "KernelMemory": "the kernel memory limit",
    "NanoCpus": "the CPU limit",
    "CpuShares": "the CPU shares",
    "CpuPeriod": "the CPU period",
    "CpuQuota": "the CPU quota",
    "CpuRealtimePeriod": "the realtime CPU period",
    "CpuRealtimeRuntime": "the realtime CPU runtime",
    "CpusetCpus": "the CPUs",
    "CpusetMems": "the memory nodes",
    "BlkioWeight": "the block IO weight",
    "PidsLimit": "the process limit",
}


def changed_settings(name: str, left: bytes, now: bytes, title: str) -> tuple[str, ...]:
    """Return the differences between the file that a repair left and the current one, in words.

    Values of the engine itself (state, addresses, defaults of other keys) don't count.
    """
    try:
        was, found = load_object(left), load_object(now)
    except FormatError:
        return ()
    differences = _of_host_config(was, found) if name == docker.HOST_CONFIG else _of_config(was, found)
    return tuple(f"{words} of container {title}" for words in differences)


def _of_host_config(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for key, words in _UPDATED.items():
        if _plain(was.get(key)) != _plain(now.get(key)):
            yield words


def _of_config(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if was.get("Name") != now.get("Name"):
        yield f"the name {str(now.get('Name')).lstrip('/')}"
    if _networks(was) != _networks(now):
        yield "the networks"


def _networks(config: dict[str, Any]) -> set[str]:
    settings = config.get("NetworkSettings")
    networks = settings.get("Networks") if isinstance(settings, dict) else None
    # "default" is the network mode of a container on the default bridge.
    return {"bridge" if name == "default" else name for name in networks} if isinstance(networks, dict) else set()


def _plain(value: Any) -> Any:
    """Return a value without empty parts: the engine treats an absent key, null, 0 and "" alike."""
    if isinstance(value, dict):
        return {key: plain for key, item in value.items() if (plain := _plain(item)) not in (None, "no")} or None
    return value or None
