"""The engine's proxies and the names of /etc/hosts: what decides where its connections to registries go."""

from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.facts.registry.registries import EngineProxies
from doctor.facts.secrets.redact import revealed
from doctor.formats.network.http_proxy import parse
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_MOST_BYTES = 4 << 20
_SHORT = 200
_PLAIN_SOURCES = frozenset({"files", "dns", "resolve", "myhostname", "mymachines", "compat"})


def engine_proxies(
    host: Host, config: EngineConfig, state: EngineState | Missing, info: EngineInfo | Missing
) -> EngineProxies:
    """Return the proxies of the running engine, which it reports itself; of one that does not run, those of its settings."""
    wanted = _of_settings(config, config.flags.environment)
    if isinstance(info, Missing) or isinstance(state, Missing) or not state.is_running:
        return wanted
    try:
        own = _of_settings(config, host.environ(state.pid)) if state.pid else wanted
    except HostError:
        own = wanted
    # The engine masks the passwords of its answer; they are in its settings or its environment.
    https, http = (
        _with_login(info.https_proxy, own.https, wanted.https),
        _with_login(info.http_proxy, own.http, wanted.http),
    )
    return EngineProxies(
        https=https,
        http=http,
        no_proxy=info.no_proxy,
        source=wanted.source if _place(wanted.https) == _place(https) else "the running engine's environment",
        pending=bool(wanted.https) and _place(wanted.https) != _place(https),
    )


def _of_settings(config: EngineConfig, environment: dict[str, str]) -> EngineProxies:
    found, source = {}, ""
    for key in ("https-proxy", "http-proxy", "no-proxy"):
        variable = key.replace("-", "_")
        value = config.get(key)
        if isinstance(value, str) and value:
            found[key] = revealed(value)
            source = source or config.setting(key).place
        else:
            found[key] = environment.get(variable.upper()) or environment.get(variable) or ""
            where = config.flags.launcher_file or "dockerd"
            source = source or (f"{variable.upper()} in the environment of {where}" if found[key] else "")
    return EngineProxies(
        https=found["https-proxy"], http=found["http-proxy"], no_proxy=found["no-proxy"], source=source
    )


def _with_login(reported: str, *known: str) -> str:
    place = _place(reported)
    return next((one for one in known if one and _place(one) == place), revealed(reported))


def _place(text: str) -> str:
    address = parse(revealed(text)) if text else None
    return "" if address is None else address.place


def addresses(host: Host, names: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Return the addresses that /etc/hosts has for these names, and those that are addresses themselves.

    Of a short file all names are kept: a registry may send the engine to a token server that only its answer names.
    """
    found: dict[str, list[str]] = {name: [name] for name in names if _is_address(name)}
    try:
        text = decode(host.read(HostPath("/etc/hosts"), limit_bytes=_MOST_BYTES))
    except HostError:
        text = ""
    lines = text.split("\n")
    is_short = len(lines) <= _SHORT
    for line in lines:
        address, *known = line.partition("#")[0].split() or [""]
        lower = [one.lower() for one in known] if known and _is_address(address) else []
        for name in lower if is_short else names.intersection(lower):
            found.setdefault(name, []).append(address)
    if "localhost" in names:
        found.setdefault("localhost", ["127.0.0.1"])
    return {name: tuple(dict.fromkeys(values))[:4] for name, values in found.items()}


def _is_address(text: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - only the probe

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def other_names(host: Host) -> tuple[str, ...]:
    """Return the sources of host names in nsswitch.conf besides files and DNS."""
    try:
        text = decode(host.read(HostPath("/etc/nsswitch.conf"), limit_bytes=1 << 16))
    except HostError:
        return ()
    words = next((line.partition(":")[2].split() for line in text.split("\n") if line.startswith("hosts:")), [])
    return tuple(word for word in words if not word.startswith("[") and word not in _PLAIN_SOURCES)
