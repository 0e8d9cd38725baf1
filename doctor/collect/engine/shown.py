"""Reads the settings that the running engine shows."""

from typing import Any

from doctor.facts.engine.shown import ShownSettings, pools, without_login
from doctor.facts.engine.state import EngineAnswer, EngineInfo
from doctor.formats.json_values import mapping, text, texts
from doctor.model.declare import collector

_PROXIES = {"http-proxy": "HttpProxy", "https-proxy": "HttpsProxy"}
_FLAGS = {"debug": "Debug", "experimental": "ExperimentalBuild", "live-restore": "LiveRestoreEnabled"}
_TEXTS = {
    "data-root": "DockerRootDir", "default-runtime": "DefaultRuntime", "log-driver": "LoggingDriver", "no-proxy": "NoProxy",
    "storage-driver": "Driver",
}  # fmt: skip


@collector
def shown_settings(info: EngineInfo, answer: EngineAnswer) -> ShownSettings:
    """Return them, from the answers that the scan has."""
    raw = info.answer
    registries = mapping(raw.get("RegistryConfig"))
    open_ones = [
        name for name, one in mapping(registries.get("IndexConfigs")).items() if mapping(one).get("Secure") is False
    ]
    return ShownSettings(
        values={key: value for key, value in _values(raw, registries, answer).items() if value is not None},
        insecure=(*open_ones, *texts(registries.get("InsecureRegistryCIDRs"))),
    )


def _values(raw: dict[str, Any], registries: dict[str, Any], answer: EngineAnswer) -> dict[str, Any]:
    found: dict[str, Any] = {key: raw.get(name) for key, name in _TEXTS.items() if isinstance(raw.get(name), str)}
    found |= {key: raw.get(name) for key, name in _FLAGS.items() if isinstance(raw.get(name), bool)}
    found |= {key: without_login(raw[name]) for key, name in _PROXIES.items() if isinstance(raw.get(name), str)}
    if "Labels" in raw:
        found["labels"] = sorted(texts(raw["Labels"]))
    if "Mirrors" in registries:
        found["registry-mirrors"] = [without_login(one) for one in texts(registries["Mirrors"])]
    if "CgroupDriver" in raw:
        found["exec-opts"] = text(raw["CgroupDriver"])
    if "Runtimes" in raw:
        found["runtimes"] = sorted(mapping(raw["Runtimes"]))
    if "DefaultAddressPools" in raw:
        found["default-address-pools"] = [list(pool) for pool in pools(raw["DefaultAddressPools"])]
    if "Authorization" in mapping(raw.get("Plugins")):
        found["authorization-plugins"] = sorted(texts(mapping(raw["Plugins"])["Authorization"]))
    if "SecurityOptions" in raw:
        found |= _security(texts(raw["SecurityOptions"]))
    if isinstance(answer.version.get("MinAPIVersion"), str):
        found["min-api-version"] = answer.version["MinAPIVersion"]
    return found


def _security(options: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings in lines such as "name=seccomp,profile=builtin"."""
    named = {option.partition(",")[0].removeprefix("name="): option.partition(",profile=")[2] for option in options}
    found: dict[str, Any] = {"no-new-privileges": "no-new-privileges" in named, "userns-remap": "userns" in named}
    return found | ({"seccomp-profile": named["seccomp"]} if "seccomp" in named else {})
