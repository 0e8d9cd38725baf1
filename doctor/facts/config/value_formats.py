"""Formats of values that are lists, maps or texts with parts. Each rule was verified with a real start of 26.1."""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings, ValueProblem
from doctor.facts.secrets.redact import as_json

_SIZE = re.compile(r"\d+(\.\d+)*\s?([kKmMgGtTpP][iI]?)?[bB]?|\d+%|")
_LIMITS = frozenset({
    "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
    "sigpending", "stack",
})  # fmt: skip
"""Names of ulimits, without RLIMIT_."""
_FEWEST_FILES = 10
"""With a limit of 8 open files runc can't start a container, with 10 it can (runc 1.1)."""


def problems(config: EngineConfig, things: NamedThings) -> Iterator[ValueProblem]:
    """Yield the values whose parts the engine rejects at its start, or runc at each container's."""
    for key, rule in _RULES.items():
        value = config.get(key) if config.is_set(key) else None
        why = "" if value in (None, "") else rule(value)
        if why:
            yield ValueProblem(key=key, why=why)
    yield from _certificates(config)
    limits = config.get("default-ulimits")
    why = _limit(limits, things.most_files) if isinstance(limits, dict) else ""
    if why:
        yield ValueProblem(key="default-ulimits", why=why, stops=False, halts=True)


def _certificates(config: EngineConfig) -> Iterator[ValueProblem]:
    """Judge a TLS listener without files: their defaults apply only to the flags ``--tls`` and ``--tlsverify``."""
    for key in ("tlsverify", "tls"):
        setting = config.setting(key)
        lacking = [name for name in ("tlscert", "tlskey") if not config.get(name)]
        if setting.value is True and setting.origin == "file" and lacking:
            yield ValueProblem(
                key=key, why=f"{' and '.join(lacking)} are not set" if lacking[1:] else f"{lacking[0]} is not set"
            )
            return


def _limit(limits: dict[str, Any], most_files: int) -> str:
    for key, limit in limits.items():
        if not isinstance(limit, dict):
            continue
        name = limit.get("Name")
        if not name:
            return f'ulimit {key} has no "Name"'
        if str(name).lower() not in _LIMITS:
            return f"{name} is not the name of a ulimit"
        soft = limit.get("Soft", 0)
        if name == "nofile" and isinstance(soft, int) and 0 <= soft < _FEWEST_FILES:
            given = f"soft limit {soft}" if "Soft" in limit else "no soft limit, which means 0"
            return f"ulimit nofile has {given}: a container can't start with so few open files"
        hard = limit.get("Hard", 0)
        if name == "nofile" and isinstance(hard, int) and 0 < most_files < hard:
            return f"ulimit nofile: hard limit {hard} is above the kernel's {most_files} (fs.nr_open)"
    return ""


def _runtimes(value: Any) -> str:
    for name, runtime in value.items() if isinstance(value, dict) else ():
        if not isinstance(runtime, dict) or name == "runc":
            continue
        path, kind = runtime.get("path"), runtime.get("runtimeType")
        if not path and not kind:
            return f"runtime {name}: either a runtimeType or a path must be configured"
        if path and kind:
            return f"runtime {name}: cannot configure both path and runtimeType for the same runtime"
        if path and runtime.get("options"):
            return f"runtime {name}: options cannot be used with a path runtime"
        if kind and runtime.get("runtimeArgs"):
            return f"runtime {name}: args cannot be used with a runtimeType runtime"
    return ""


def _registries(value: Any) -> str:
    for item in value if isinstance(value, list) else ():
        text = re.sub(r"^https?://", "", str(item), flags=re.IGNORECASE)
        port = re.search(r":(\d+)$", text)
        if re.search(r"\s", text) or re.search(r"^[^\[]*:[^\d/]", text):
            return f"insecure registry {text} is not valid: invalid host"
        if text.startswith("-") or text.endswith("-"):
            return f"invalid index name ({text}). Cannot begin or end with a hyphen"
        if port and int(port[1]) > 65535:
            return f'insecure registry {text} is not valid: invalid port "{port[1]}"'
    return ""


def _listener(value: Any) -> str:
    return "" if re.search(r":\d+$", str(value)) else f"{value} has no port"


def _gateway(value: Any) -> str:
    try:
        ip_address(str(value))
    except ValueError:
        return f"invalid IP address: {value}"
    return ""


def _resources(value: Any) -> str:
    kinds: dict[str, bool] = {}
    for item in value if isinstance(value, list) else ():
        name, equals, text = str(item).partition("=")
        if not equals or not name or not text:
            return f"could not parse GenericResource: {item} is not NAME=VALUE"
        is_number = text.isdigit()
        if kinds.setdefault(name, is_number) != is_number:
            return f"could not parse GenericResource: {name} has both a number and a name"
    return ""


def _builder(value: Any) -> str:
    gc = value.get("gc") if isinstance(value, dict) else None
    if gc is not None and not isinstance(gc, dict):
        return f"gc must be an object, not {as_json(gc)}"
    policies = (gc or {}).get("policy")
    for holder in ((gc or {}), *(policies if isinstance(policies, list) else ())):
        for key, size in holder.items() if isinstance(holder, dict) else ():
            if key.lower() in _SIZES and isinstance(size, str) and not _SIZE.fullmatch(size):
                return f"{key}: invalid size: {as_json(size)}"
    return ""


def _hosts(value: Any) -> str:
    for host in value if isinstance(value, list) else ():
        rest = str(host).removeprefix("tcp://")
        if "://" not in rest and not rest.startswith("/") and re.search(r"/.", rest):
            return f"invalid bind address ({host}): should not contain a path element"
    return ""


_SIZES = frozenset({
    "defaultkeepstorage", "keepstorage", "defaultreservedspace", "defaultmaxusedspace", "defaultminfreespace", "reservedspace",
    "maxusedspace", "minfreespace",
})  # fmt: skip
_RULES: dict[str, Callable[[Any], str]] = {
    "builder": _builder,
    "host-gateway-ip": _gateway,
    "hosts": _hosts,
    "insecure-registries": _registries,
    "metrics-addr": _listener,
    "node-generic-resources": _resources,
    "runtimes": _runtimes,
}
