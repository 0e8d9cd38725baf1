"""Services that a configuration of the engine exposes, and protections that it enables. A repair must not weaken either."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.flag_values import from_flags
from doctor.facts.config.keys import fits
from doctor.facts.config.options import OPTIONS

_LOCAL = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|\[::1\]|::1)(:|$)")
_UNCERTIFIED = " without client certificates"
_UNGUARDED = {
    "allow-direct-routing": "direct routing to published ports",
    "ip-forward-no-drop": "forwarding between networks (ip-forward-no-drop)",
}
"""Keys that expose something when they are true, from Moby's documentation of dockerd."""
_GUARDS = {
    "tlsverify": "client certificates (tlsverify)",
    "no-new-privileges": "no-new-privileges",
    "selinux-enabled": "SELinux labels of containers",
}
"""Keys that protect something when they are true."""


_CLOSING = re.compile(
    r"ip[46s]?|ipv[46]|icc|inter|bind(ing)?|addr(ess(es)?)?|listen(er)?|hosts?|tls\w*|ssl|ca|cert\w*|verify|authz|authori[sz]ation|"
    r"userns|remap|seccomp|selinux|apparmor|privileged?s?|ip6?tables|nftables|firewall|isolat\w*|internal|restrict\w*|deny|"
    r"block\w*|allow\w*|whitelist|expose\w*|publish\w*|secur\w*|rootless"
)
"""Words in the name of a setting that concern access."""


class Exposure(Struct, frozen=True, kw_only=True):
    """Services that the engine exposes after its next start, and its protections, each in a few words."""

    doors: frozenset[str]
    guards: frozenset[str]

    def opened_by(self, after: "Exposure") -> tuple[str, ...]:
        """Return what is exposed or unprotected afterwards, and not now."""
        lost = (f"no {guard}" for guard in sorted(self.guards - after.guards))
        new = after.doors - self.doors
        return (*sorted(door for door in new if f"{door}{_UNCERTIFIED}" not in new), *lost)


def exposure(config: EngineConfig) -> Exposure:
    """Return the exposure after the next start.

    A key that is set twice stops the start: what both values expose counts as exposed, what either value protects counts as
    protected. An invalid settings file that can be repaired counts with its values, but its listeners were never open.
    """
    readings = {key: tuple(_readings(config, key)) for key in _KEYS}
    certified = any(value is True for value in readings["tlsverify"])
    lists = [frozenset(_listeners(value, certified=certified)) for value in readings["hosts"]]
    doors = frozenset.intersection(*lists) if lists else frozenset()
    return Exposure(
        doors=frozenset({*doors, *_other_doors(readings)}),
        guards=frozenset(_guarding(readings)),
    )


_KEYS = (
    "hosts", "metrics-addr", "insecure-registries", "seccomp-profile", "authorization-plugins", "userns-remap", "icc", "ip",
    "iptables", *_UNGUARDED, *_GUARDS,
)  # fmt: skip


def _readings(config: EngineConfig, key: str) -> Iterator[Any]:
    """Yield the value of a key in the settings file, and that of the flags of the next start, if they set it."""
    value = _file(config).get(key)
    if value is not None and fits(key, value) and not (config.json.problem and key == "hosts"):
        yield value
    flags = config.flags.configured if config.flags.launcher else config.flags.running or ()
    given = tuple(flag.value for flag in flags if flag.key == key)
    if given and fits(key, from_flags(key, given)):
        yield from_flags(key, given)


def _file(config: EngineConfig) -> dict[str, Any]:
    if not config.json.problem:
        return config.json.value
    from doctor.formats.config import daemon_json, json_mend  # noqa: PLC0415 - only an invalid file is repaired

    repaired = json_mend.examine(config.json.content).repaired
    return {} if repaired is None else daemon_json.read(repaired).value


def may_close(name: str, value: Any) -> bool:
    """Whether an unknown setting may have been meant to restrict access: judged by its name, or by an address in its value.

    >>> may_close("ip-addr", "10.0.0.1"), may_close("ipp", "127.0.0.1"), may_close("inter-container", False)
    (True, True, True)
    >>> may_close("auths", {"https://index.docker.io/v1/": {}}), may_close("comment", "by ansible"), may_close("mtu2", 1400)
    (False, False, False)
    """
    known = name in OPTIONS
    named = not known and any(_CLOSING.fullmatch(word) for word in re.split(r"[^a-z0-9]+", name.strip().lower()))
    return named or _names_closing(value)


def _names_closing(value: Any) -> bool:
    if isinstance(value, dict):
        return any(may_close(key, item) for key, item in value.items())
    if isinstance(value, list):
        return any(_names_closing(item) for item in value)
    try:
        ipaddress.ip_interface(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def network_listeners(hosts: Any) -> frozenset[str]:
    """Return the addresses of ``hosts`` that other machines can reach."""
    tcp = (str(host) for host in (hosts if isinstance(hosts, list) else ()) if str(host).startswith("tcp://"))
    return frozenset(host for host in tcp if not _LOCAL.match(host.removeprefix("tcp://")))


def _listeners(hosts: Any, *, certified: bool) -> Iterator[str]:
    for host in network_listeners(hosts):
        yield f"the engine's API on {host}"
        if not certified:
            yield f"the engine's API on {host}{_UNCERTIFIED}"


def _other_doors(readings: dict[str, tuple[Any, ...]]) -> Iterator[str]:
    for address in _all(readings["metrics-addr"]):
        if not _LOCAL.match(str(address)):
            yield f"metrics on {address}"
    # Two lists are merged, and each entry was configured.
    for value in readings["insecure-registries"]:
        yield from (f"registry {one} without a verified certificate" for one in value)
    if "unconfined" in _all(readings["seccomp-profile"]):
        yield "containers without seccomp"
    yield from (text for key, text in _UNGUARDED.items() if True in _all(readings[key]))
    if readings["iptables"] in {(True,), ()}:
        yield "published ports through rules of its own (iptables)"
    if not any(str(address) not in {"0.0.0.0", "::"} for address in readings["ip"]):  # noqa: S104 - compared
        yield "published ports on every address (ip)"


def _guarding(readings: dict[str, tuple[Any, ...]]) -> Iterator[str]:
    for value in readings["authorization-plugins"]:
        yield from (f"authorization by {one}" for one in value)
    if any(readings["userns-remap"]):
        yield "remapped users (userns-remap)"
    if any(value not in {"unconfined", ""} for value in readings["seccomp-profile"]):
        yield "the configured seccomp profile"
    if False in readings["icc"]:
        yield "separation of containers on the default bridge (icc=false)"
    yield from (text for key, text in _GUARDS.items() if True in readings[key])
    if True in readings["iptables"] or not readings["iptables"]:
        yield "firewall rules of the engine (iptables)"


def _all(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the one value, or the common part of both."""
    return values[:1] if len(values) == 1 or len({repr(value) for value in values}) == 1 else ()
