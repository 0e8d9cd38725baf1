"""Compares settings with those that the running engine shows. A key that it does not show is not judged."""

from collections.abc import Iterator
from ipaddress import ip_interface
from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.shown import ShownSettings, pools, registry, without_login
from doctor.facts.network.networks import Network

_OPTION = "com.docker.network."
_BRIDGE_FLAGS = {"icc": "bridge.enable_icc", "ip-masq": "bridge.enable_ip_masquerade"}
_URLS = frozenset({"http-proxy", "https-proxy"})
_PLAIN = frozenset({
    "data-root", "debug", "default-runtime", "experimental", "live-restore", "log-driver", "min-api-version", "no-new-privileges",
    "no-proxy", "storage-driver",
})  # fmt: skip


class AppliedDifference(Struct, frozen=True, kw_only=True):
    """A setting that runs otherwise: its value in the file, and the running one as the engine shows it; ``source``: where."""

    key: str
    wanted: Any
    running: Any
    source: str


def differences(config: EngineConfig, shown: ShownSettings, bridge: Network | None) -> Iterator[AppliedDifference]:
    """Yield the settings of the file that the running engine does not have."""
    for key in _keys(config):
        wanted = config.get(key)
        if wanted is None or config.setting(key).origin != "file":
            continue
        if key == "insecure-registries":
            lacking = [one for one in _list(wanted) if registry(one) not in shown.insecure]
            if lacking:
                yield AppliedDifference(key=key, wanted=lacking, running=[*shown.insecure], source="GET /info")
        elif key in shown.values:
            want = _normal(key, wanted)
            if want is not None and not _agrees(key, want, shown.values[key]):
                yield AppliedDifference(key=key, wanted=wanted, running=shown.values[key], source="GET /info")
        elif bridge is not None:
            yield from _of_bridge(key, wanted, bridge)


def _keys(config: EngineConfig) -> list[str]:
    """Return the keys of the file, those of "proxies" among them."""
    inner = config.json.value.get("proxies")
    return list(dict.fromkeys((*config.json.value, *(inner if isinstance(inner, dict) else ()))))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _agrees(key: str, want: Any, running: Any) -> bool:
    """The runtimes and plugins of the file are some of the engine's; any other value is the same."""
    return set(want) <= set(running) if key == "runtimes" else bool(want == running)


def _normal(key: str, value: Any) -> Any:
    """Return a value in the form in which the engine shows it; ``None`` if that is not known."""
    if key in _PLAIN:
        return value
    if key in _URLS:
        return without_login(value)
    if key == "registry-mirrors":
        return [without_login(one) for one in _list(value)]
    if key in {"labels", "authorization-plugins", "runtimes"}:
        return sorted(one[:] for one in value if isinstance(one, str)) if isinstance(value, list | dict) else None
    if key == "exec-opts":
        drivers = [str(one).partition("=")[2] for one in _list(value) if str(one).startswith("native.cgroupdriver=")]
        return drivers[-1] if drivers else None
    if key == "default-address-pools":
        return [list(pool) for pool in pools(value)]
    if key == "userns-remap":
        return bool(value)
    return value if key == "seccomp-profile" and value else None


def _of_bridge(key: str, wanted: Any, bridge: Network) -> Iterator[AppliedDifference]:
    """Compare a setting of the default bridge; its record is that of the engine's last start."""
    running: Any = None
    if key in _BRIDGE_FLAGS:
        running = bridge.icc if key == "icc" else bridge.masquerade
    elif key == "mtu" and f"{_OPTION}driver.mtu" in bridge.options:
        text = bridge.options[f"{_OPTION}driver.mtu"]
        running = int(text) if text.isdigit() else None
        wanted = wanted or running
    elif key == "ipv6":
        running = bridge.ipv6
    elif key == "bip" and bridge.gateway:
        running = bridge.gateway
        if _interface(wanted) == _interface(running):
            return
    if running is not None and running != wanted:
        yield AppliedDifference(key=key, wanted=wanted, running=running, source="the default bridge network")


def _interface(text: Any) -> str:
    try:
        return str(ip_interface(str(text)))
    except ValueError:
        return ""
