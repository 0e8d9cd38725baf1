"""The engine runs with older settings than those in daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.facts.secrets.redact import as_json


@check(severity=Severity.WARNING, ok="the engine runs with the settings in daemon.json")
def not_applied(
    config: EngineConfig, state: EngineState, info: EngineInfo, root: DataRoot | Missing
) -> Iterator[Finding]:
    """The settings file was changed after the engine started, so the engine still runs with the old settings.

    What it looks at:
        The modification time of daemon.json against dockerd's start, and the logging driver, storage driver, data root, default
        runtime, debug and live-restore of the running engine against the file.

    Why it matters:
        dockerd reads the file at its start. On SIGHUP it reloads only some keys; the logging driver is not one of them. The
        administrator believes that the change is active, and it takes effect unexpectedly at the next reboot.

    How it is fixed:
        If the engine can reload the key, it is reloaded (SIGHUP) and no container stops. Otherwise the engine is restarted, and
        containers keep running only if live-restore was on before.

    References:
        https://docs.docker.com/reference/cli/dockerd/#configuration-reload-behavior
    """
    if not config.json.exists or not state.started or config.json.mtime_ns / 1e9 <= state.started:
        return
    for key, running in _running(info).items():
        wanted = config.get(key)
        if key not in config.json.value or wanted is None or wanted == running or config.setting(key).origin != "file":
            continue
        if key == "data-root" and isinstance(root, DataRoot) and running == root.resolved:
            # dockerd resolves symbolic links to it once, at its start, and reports the target.
            continue
        yield Finding(
            subject=Subject("setting", key),
            message=f"{key} is {as_json(wanted)} in {config.json.path}, but the engine still runs with {as_json(running)}",
            evidence=(Evidence(config.json.path, f"{key}: {as_json(wanted)}"), Evidence("GET /info", as_json(running))),
        )


def _running(info: EngineInfo) -> dict[str, object]:
    return {
        "log-driver": info.logging_driver,
        "storage-driver": info.storage_driver,
        "data-root": info.data_root,
        "default-runtime": info.default_runtime,
        "live-restore": info.live_restore,
        "debug": info.debug,
    }
