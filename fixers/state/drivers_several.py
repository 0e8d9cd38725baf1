"""Name the storage driver that holds the images."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import set_setting
from doctor.facts.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def drivers_several(finding: Finding, engine: EngineConfig) -> Iterator[Action]:
    """Set ``storage-driver`` in daemon.json where only one driver holds anything."""
    driver = finding.detail.driver
    if driver:
        yield set_setting(engine.json.path, ("storage-driver",), driver)
    else:
        yield Advise(text="choose the driver whose images you need and set it as 'storage-driver' in daemon.json")
