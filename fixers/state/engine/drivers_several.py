"""Configure the storage driver that has the images."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import set_setting
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.details import SeveralDrivers
from doctor.model.text import plural


@fixer(applicability=Applicability.SAFE)
def drivers_several(detail: SeveralDrivers, engine: EngineConfig, root: DataRoot) -> Iterator[Action]:
    """Set ``storage-driver`` in daemon.json to the only driver with data, otherwise to the chosen one."""
    driver = detail.driver
    if driver:
        yield set_setting(engine.json.path, ("storage-driver",), driver)
        return
    found = [one for one in root.drivers if one.name in root.prior_drivers]
    yield Choose(
        question="which storage driver to use (images and containers of the others are then hidden, not lost)",
        options=tuple(
            Choosable(
                name=one.name,
                evidence=(
                    Evidence(
                        root.at(one.name),
                        f"{plural(one.images, 'image')}, {plural(one.layers, 'layer')}, {plural(one.containers, 'container')}",
                    ),
                ),
                actions=(set_setting(engine.json.path, ("storage-driver",), one.name),),
            )
            for one in found
        ),
    )
