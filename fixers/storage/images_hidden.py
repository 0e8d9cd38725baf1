"""Set the storage driver that has the images."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.config.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.storage.details import HiddenImages
from doctor.facts.storage.driver import holders


@fixer(applicability=Applicability.SAFE)
def images_hidden(finding: Finding, detail: HiddenImages, config: EngineConfig, root: DataRoot) -> Iterator[Action]:
    """Set the old driver if the active one has no images; otherwise show advice."""
    others = [driver.name for driver in holders(root) if driver.name != detail.driver]
    wanted = detail.wanted if len(others) == 1 else ""
    switch = (
        'set "containerd-snapshotter": false in "features" of /etc/docker/daemon.json'
        if detail.driver == "containerd"
        else "set storage-driver to the other"
    )
    advice = (
        f"decide between {detail.driver} and {finding.subject.name}: docker save the images that you need from one, {switch}, "
        "systemctl restart docker, docker load them"
    )
    yield from name_driver(config, wanted or None, advice, restart=True)
