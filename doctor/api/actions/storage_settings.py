"""Changes of the storage driver, each where it stands."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.engine_settings import remove_flag, remove_setting, set_flag, set_setting
from doctor.facts.engine import EngineConfig
from doctor.model.action import Action


def name_driver(config: EngineConfig, wanted: str | None, advice: str) -> Iterator[Action]:
    """Name ``wanted`` as the storage driver; "" leaves the choice to the engine, ``None`` only tells ``advice``."""
    places = [flag.place for flag in config.flags.of_key("storage-driver") if flag.place is not None]
    if wanted is None:
        yield Advise(text=advice)
    elif places:
        if wanted:
            yield set_flag(places[-1], "storage-driver", wanted)
        else:
            yield remove_flag(places[-1], "storage-driver")
    elif "storage-driver" in config.json.value:
        if wanted:
            yield set_setting(config.json.path, ("storage-driver",), wanted)
        else:
            yield remove_setting(config.json.path, ("storage-driver",), "the engine chooses a driver that works here")
    else:
        yield Advise(text=advice)
