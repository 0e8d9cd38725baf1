"""Show the images of the old storage driver again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.storage.details import HiddenImages
from doctor.facts.storage.driver import holders


@fixer(applicability=Applicability.SAFE)
def images_hidden(finding: Finding, detail: HiddenImages, config: EngineConfig, root: DataRoot) -> Iterator[Action]:
    """Name the old driver where the present one holds nothing."""
    others = [driver.name for driver in holders(root) if driver.name != detail.driver]
    wanted = detail.wanted if len(others) == 1 else ""
    advice = f"decide between {detail.driver} and {finding.subject.name}: docker save what you need of one, set storage-driver, systemctl restart docker, docker load it in the other"
    yield from name_driver(config, wanted or None, advice, restart=True)
