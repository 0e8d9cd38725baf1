"""The engine's own account of its space: GET /system/df, of engines up to 28 (lists) and from 29 on (totals)."""

from typing import Any

from msgspec import Struct

_RUNS = frozenset({"running", "paused", "restarting"})


class Usage(Struct, frozen=True, kw_only=True):
    """Bytes that a prune would free: images without a container, stopped containers, unused volumes, build cache."""

    images: int = 0
    containers: int = 0
    volumes: int = 0
    build_cache: int = 0


def usage_of(answer: Any) -> Usage:
    """Return the sums of an answer; an entry of an unknown form counts nothing.

    >>> usage_of({"Containers": [{"State": "exited", "SizeRw": 7}, {"State": "running", "SizeRw": 9}, None]}).containers
    7
    """
    if not isinstance(answer, dict):
        return Usage()
    return Usage(
        images=_totals(answer, "ImageUsage")
        or sum(
            max(_number(one, "Size") - max(_number(one, "SharedSize"), 0), 0)
            for one in _list(answer, "Images")
            if _number(one, "Containers") == 0
        ),
        containers=_totals(answer, "ContainerUsage")
        or sum(_number(one, "SizeRw") for one in _list(answer, "Containers") if one.get("State") not in _RUNS),
        volumes=_totals(answer, "VolumeUsage") or sum(_volume(one) for one in _list(answer, "Volumes")),
        build_cache=_totals(answer, "BuildCacheUsage")
        or sum(
            _number(one, "Size") for one in _list(answer, "BuildCache") if not (one.get("InUse") or one.get("Shared"))
        ),
    )


def _totals(answer: dict[str, Any], key: str) -> int:
    found = answer.get(key)
    return max(_number(found, "Reclaimable"), 0) if isinstance(found, dict) else 0


def _volume(one: dict[str, Any]) -> int:
    data = one.get("UsageData")
    return max(_number(data, "Size"), 0) if isinstance(data, dict) and _number(data, "RefCount") == 0 else 0


def _list(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = answer.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _number(one: dict[str, Any], key: str) -> int:
    found = one.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
