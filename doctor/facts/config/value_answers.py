"""Probable values for a setting that can't work: a repair may apply a certain one, a user chooses between others.

An answer never weakens access control: if the engine's default is more open than the configured value, the setting is not
offered for removal.
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_interface
from typing import Any

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.options import default_of
from doctor.facts.config.spelling import nearest
from doctor.facts.config.values import LOG_LEVELS, NamedThings, ValueProblem
from doctor.facts.secrets.redact import as_json

_CLOSES = frozenset({
    "authorization-plugins", "bridge", "default-runtime", "firewall-backend", "fixed-cidr", "fixed-cidr-v6", "hosts", "icc", "insecure-registries", "ip",
    "iptables", "ip6tables", "no-new-privileges", "selinux-enabled", "tls", "tlscacert", "tlscert", "tlskey", "tlsverify", "userns-remap",
})  # fmt: skip
"""Settings that may have been set to restrict access."""

_WORDS = {
    "default-cgroupns-mode": ("private", "host"),
    "default-ipc-mode": ("private", "shareable"),
    "firewall-backend": ("iptables", "nftables"),
    "log-format": ("text", "json"),
    "log-level": LOG_LEVELS,
}
_DRIVERS = ("systemd", "cgroupfs")
_CGROUP_DRIVER = "native.cgroupdriver"


class PossibleValue(Struct, frozen=True, kw_only=True):
    """One value that a setting could have instead.

    Attributes:
        name: the word to type to choose it.
        value: the value as daemon.json holds it; ``None`` removes the setting.
        why: the reason for it.
        key: the setting, if it is not the one with the problem.
        is_sure: no other value can have been intended.
    """

    name: str
    value: Any
    why: str
    key: str = ""
    is_sure: bool = False


def answers(problem: ValueProblem, config: EngineConfig, things: NamedThings) -> tuple[PossibleValue, ...]:
    """Return the possible values, likeliest first; a certain one alone."""
    key, value = problem.key, config.get(problem.key)
    rule = _RULES.get(key)
    given = rule(value, config, things) if rule is not None else ()
    found = [answer for answer in given if answer.key not in {"", key} or answer.value != value]
    sure = next((answer for answer in found if answer.is_sure), None)
    if sure is not None:
        return (sure,)
    if key not in _CLOSES and not any(answer.value is None and answer.key in {"", key} for answer in found):
        default = default_of(key)
        then = "as if it were not set" if default is None else f"with the default {as_json(default)}"
        found.append(PossibleValue(name="remove", value=None, why=f"without it the engine starts {then}"))
    return tuple(found)


_Rule = Callable[[Any, EngineConfig, NamedThings], Iterator[PossibleValue]]


def _bip(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del things
    if config.is_set("bridge") and config.get("bridge"):
        yield PossibleValue(
            name="keep-bip", value=None, why="the engine creates docker0 itself, with this address", key="bridge"
        )
        return
    text = str(value)
    try:
        interface = ip_interface(text)
    except ValueError:
        return
    if "/" not in text and int(interface.ip) & 0xFF:
        for length in (24, 16) if interface.version == 4 else (64,):
            yield PossibleValue(
                name=f"{text}/{length}",
                value=f"{text}/{length}",
                why="the address with the prefix length of its network",
            )
    elif "/" in text and interface.ip == interface.network.network_address:
        first = f"{interface.network.network_address + 1}/{interface.network.prefixlen}"
        yield PossibleValue(
            name=first,
            value=first,
            why="the first address of that network, which the bridge gets by default",
            is_sure=True,
        )


def _word(key: str) -> _Rule:
    def rule(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
        del config, things
        near = nearest(str(value), _WORDS[key])
        if len(near) == 1:
            yield PossibleValue(
                name=near[0], value=near[0], why=f"{as_json(value)} is a misspelling of it", is_sure=True
            )
        for word in _WORDS[key][:2] if key != "log-level" else ("info", "debug"):
            yield PossibleValue(name=word, value=word, why="a value that the engine accepts")

    return rule


def _size(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config, things
    found = re.match(r"\s*(\d+)\s*([kmgt])", str(value), re.IGNORECASE)
    if found:
        text = f"{found[1]}{found[2].upper()}"
        yield PossibleValue(name=text, value=text, why=f"{as_json(value)} in the engine's format", is_sure=True)


def _dns(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config, things
    good = [item for item in value if _is_address(item)] if isinstance(value, list) else []
    if good:
        yield PossibleValue(
            name="valid", value=good, why=f"only the name servers that are addresses: {', '.join(good)}", is_sure=True
        )


def _is_address(item: Any) -> bool:
    try:
        return isinstance(item, str) and "/" not in item and bool(ip_interface(item))
    except ValueError:
        return False


def _mirrors(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del things
    insecure = [str(item) for item in config.get("insecure-registries") or ()]
    made = []
    for item in value if isinstance(value, list) else ():
        text = re.split(r"[?#]", str(item[:]) if isinstance(item, str) else "")[0]
        host = text.partition("://")[2] or text
        scheme = (
            text.partition("://")[0]
            if re.match(r"https?://", text)
            else "http"
            if host.split("/")[0] in insecure
            else "https"
        )
        made.append(f"{scheme}://{host}")
    if made and all(re.match(r"https?://[^/]", item) for item in made):
        yield PossibleValue(
            name="corrected", value=made, why="each mirror with its scheme and without a query", is_sure=True
        )


def _labels(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config, things
    items = [item[:] for item in value if isinstance(item, str)] if isinstance(value, list) else []
    good = [
        item
        for item in items
        if "=" in item and not item.startswith(("com.docker.", "io.docker.", "org.dockerproject."))
    ]
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for item in good:
        first.setdefault(item.partition("=")[0], item)
        last[item.partition("=")[0]] = item
    if good and first == last:
        yield PossibleValue(name="valid", value=[*first.values()], why="only the labels that the engine accepts")
    elif good:
        yield PossibleValue(name="first", value=[*first.values()], why="the first value of a label that is given twice")
        yield PossibleValue(name="last", value=[*last.values()], why="the last value of a label that is given twice")


def _ulimits(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config, things
    made = {}
    for name, limit in value.items() if isinstance(value, dict) else ():
        if not isinstance(limit, dict):
            return
        numbers = {word: _number(item) if word in {"Soft", "Hard"} else item for word, item in limit.items()}
        soft, hard = numbers.get("Soft"), numbers.get("Hard")
        if None in {numbers.get("Soft", 0), numbers.get("Hard", 0)}:
            return
        if isinstance(soft, int) and isinstance(hard, int) and soft > hard >= 0:
            numbers["Soft"] = hard
        made[name] = numbers
    if made:
        yield PossibleValue(
            name="corrected", value=made, why="limits as numbers, no soft limit above its hard limit", is_sure=True
        )


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None


def _exec_options(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config
    items = [str(item) for item in value] if isinstance(value, list) else []
    known = [item for item in items if item.partition("=")[0].strip() == _CGROUP_DRIVER]
    drivers = [item.partition("=")[2] for item in known]
    if things.needs_systemd:
        yield PossibleValue(
            name="cgroupfs", value=[f"{_CGROUP_DRIVER}=cgroupfs"], why="the driver that does not need systemd"
        )
    elif known and set(drivers) <= set(_DRIVERS):
        yield PossibleValue(name="valid", value=known, why="only the option that the engine knows", is_sure=True)
    elif known:
        near = nearest(drivers[-1], _DRIVERS)
        for name in near or _DRIVERS:
            yield PossibleValue(
                name=name,
                value=[f"{_CGROUP_DRIVER}={name}"],
                why="a cgroup driver that exists",
                is_sure=len(near) == 1,
            )


def _cgroup_parent(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config, things
    name = re.sub(r"[^\w-]", "-", str(value).strip("/")) + ".slice"
    yield PossibleValue(name=name, value=name, why="the same name as a systemd slice")


def _runtime(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del things
    known = [docker.RUNC, *(config.get("runtimes") or {})]
    near = nearest(str(value), known)
    for name in near or known:
        # Whoever sets a runtime wants another one than the default, perhaps one that isolates better: runsc does not mean runc.
        is_sure = len(near) == 1 and name != docker.RUNC
        yield PossibleValue(name=name, value=name, why="a registered runtime", is_sure=is_sure)


def _runtimes(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config, things
    if isinstance(value, dict) and "runc" in value:
        rest = {name: item for name, item in value.items() if name != "runc"}
        yield PossibleValue(name="without-runc", value=rest or None, why="runc needs no entry: it is built in")


def _icc(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del value, config, things
    yield PossibleValue(
        name="iptables", value=True, why="the engine writes the rules that isolate containers", key="iptables"
    )


def _group(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config
    near = nearest(str(value), things.groups)
    for name in near or (("docker",) if "docker" in things.groups else ()):
        # Whoever is in that group is root by the socket, and the group that was meant may come from a directory service.
        yield PossibleValue(name=name, value=name, why="a group of this host, whose members can use the socket then")
    if "docker" not in things.groups:
        yield PossibleValue(name="root", value="root", why="only root can use the socket then")


def _userns(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del config
    near = nearest(str(value), things.users)
    for name in near:
        yield PossibleValue(name=name, value=name, why="a user of this host")
    yield PossibleValue(name="default", value="default", why="the engine creates the user dockremap and its ranges")


def _closed(value: Any, config: EngineConfig, things: NamedThings) -> Iterator[PossibleValue]:
    del value, config, things
    yield PossibleValue(name="127.0.0.1", value="127.0.0.1", why="ports are published to this host only")


_RULES: dict[str, _Rule] = {
    "bip": _bip,
    "bip6": _bip,
    "cgroup-parent": _cgroup_parent,
    "default-runtime": _runtime,
    "default-shm-size": _size,
    "default-ulimits": _ulimits,
    "dns": _dns,
    "exec-opts": _exec_options,
    "group": _group,
    "icc": _icc,
    "ip": _closed,
    "labels": _labels,
    "registry-mirrors": _mirrors,
    "runtimes": _runtimes,
    "userns-remap": _userns,
} | {key: _word(key) for key in _WORDS}
