"""Changes of the default logging driver and its options, in place."""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import add_flag, remove_flag, remove_setting, set_flag, set_setting
from doctor.api.actions.engine import RestartEngine
from doctor.api.actions.files import EditFile
from doctor.facts.config.engine import EngineConfig, GivenFlag
from doctor.facts.engine.control import EngineControl
from doctor.facts.logging.drivers import BOUNDED, default_options, unknown_options
from doctor.model.action import Action
from doctor.model.missing import Missing

READABLE = "json-file"


def readable_logging(
    config: EngineConfig,
    release: tuple[int, int, int] | None,
    control: EngineControl | Missing,
    *,
    driver: str = READABLE,
) -> Iterator[Action]:
    """Set the driver of new containers to json-file or local, remove options of the old driver, and limit json-file logs."""
    flags = _placed(config, "log-driver")
    if flags:
        place = flags[-1].place
        if place is not None:
            yield set_flag(place, "log-driver", driver)
    elif "log-driver" in config.json.value:
        yield set_setting(config.json.path, ("log-driver",), driver)
    else:
        yield from _only_running(config, control)
        return
    yield from drop_options(config, unknown_options(driver, default_options(config), release), restart=True)
    if driver == READABLE:
        yield from bounded_logs(config)


def drop_options(config: EngineConfig, names: tuple[str, ...], *, restart: bool) -> Iterator[Action]:
    """Remove options of the default driver from the file or the flags that set them.

    A running engine has other options: it need not restart.
    """
    given = _placed(config, "log-opts")
    foreign = [flag for flag in given if flag.value.partition("=")[0] in names]
    for flag in foreign:
        if flag.place is not None:
            value = None if len(foreign) == len(given) else flag.value
            yield remove_flag(flag.place, "log-opt", value, restart=restart)
    options = config.json.value.get("log-opts")
    for name in names:
        if isinstance(options, dict) and name in options:
            yield remove_setting(config.json.path, ("log-opts", name), restart=restart)


def set_option(config: EngineConfig, options: dict[str, str]) -> Iterator[Action]:
    """Set options of the default driver in the file or the flags: dockerd refuses both."""
    given = _placed(config, "log-opts")
    for name, value in options.items():
        if not given:
            yield set_setting(config.json.path, ("log-opts", name), value)
            continue
        for flag in given:
            if flag.place is not None and flag.value.partition("=")[0] == name:
                yield remove_flag(flag.place, "log-opt", flag.value)
        place = given[-1].place
        if place is not None and place.kind == "variable":
            yield add_flag(place, "log-opt", f"{name}={value}")


def bounded_logs(config: EngineConfig) -> Iterator[Action]:
    """Rotate json-file logs of new containers, set in the file or the flags: dockerd refuses both.

    The engine is not restarted, because only future containers are affected.
    """
    options = default_options(config)
    wanted = {name: value for name, value in BOUNDED.items() if name not in options}
    if "max-size" not in wanted or config.json.problem:
        return
    given = _placed(config, "log-opts")
    place = next((flag.place for flag in given if flag.place is not None), None)
    for name, value in wanted.items():
        if place is None:
            yield _at_next_start(set_setting(config.json.path, ("log-opts", name), value, restart=False))
        elif place.kind == "variable":
            yield _at_next_start(add_flag(place, "log-opt", f"{name}={value}", restart=False))


def _at_next_start(action: EditFile) -> EditFile:
    return replace(action, what=f"{action.what}, for containers created after the engine's next start")


def _placed(config: EngineConfig, key: str) -> list[GivenFlag]:
    return [flag for flag in config.flags.of_key(key) if flag.place is not None]


def _only_running(config: EngineConfig, control: EngineControl | Missing) -> Iterator[Action]:
    """Yield a restart for a flag of the running dockerd that no file sets, or advice if it was started by hand."""
    if isinstance(control, EngineControl) and control.manager in {"systemd", "sysv", "openrc"}:
        yield RestartEngine(reason="it uses the configured logging driver")
        return
    driver = config.get("log-driver")
    yield Advise(text=f"start dockerd without --log-driver={driver}: it is set only on its command line")
