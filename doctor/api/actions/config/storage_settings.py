"""Changes of the storage driver, in place."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import remove_flag, remove_setting, set_flag, set_setting
from doctor.facts.config.engine import EngineConfig
from doctor.model.action import Action


def name_driver(config: EngineConfig, wanted: str | None, advice: str, *, restart: bool = False) -> Iterator[Action]:
    """Set the storage driver to ``wanted``; "" leaves the choice to the engine, ``None`` only yields ``advice``.

    ``restart``: whether the engine runs with the wrong driver; otherwise it does not run.
    """
    places = [flag.place for flag in config.flags.of_key("storage-driver") if flag.place is not None]
    if wanted is None:
        yield Advise(text=advice)
    elif places:
        if wanted:
            yield set_flag(places[-1], "storage-driver", wanted, restart=restart)
        else:
            yield remove_flag(places[-1], "storage-driver", restart=restart)
    elif "storage-driver" in config.json.value:
        if wanted:
            yield set_setting(config.json.path, ("storage-driver",), wanted, restart=restart)
        else:
            why = "the engine chooses a driver that works here"
            yield remove_setting(config.json.path, ("storage-driver",), why, restart=restart)
    else:
        yield Advise(text=advice)
