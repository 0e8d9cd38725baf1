"""The engine runs with older settings than daemon.json has."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineInfo, EngineState


@check(severity=Severity.WARNING, ok="the engine runs with the settings that daemon.json has")
def not_applied(
    config: EngineConfig, state: EngineState, info: EngineInfo, root: DataRoot | Missing
) -> Iterator[Finding]:
    """The settings file was changed after the engine started, so the engine still runs with the old settings.

    What it looks at:
        When daemon.json was written and when dockerd started, and what the running engine says of its logging driver, storage
        driver, data root, default runtime and live-restore against the file.

    Why it matters:
        dockerd reads the file when it starts; on SIGHUP it takes only some keys, and the logging driver is none of them. Whoever
        edited the file believes that the change is in force, and the next reboot brings it at a bad moment.

    How it is fixed:
        With a reload (SIGHUP) where the running engine takes the key that way, so that no container stops; else the engine is
        restarted, and containers go on only where live-restore was on before.

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
            # dockerd follows symbolic links to it once, at its start, and tells the place that they lead to.
            continue
        yield Finding(
            subject=Subject("setting", key),
            message=f"{key} is {wanted!r} in {config.json.path}, and the engine still runs with {running!r}",
            evidence=(Evidence(config.json.path, f"{key}: {wanted!r}"), Evidence("GET /info", f"{running!r}")),
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
