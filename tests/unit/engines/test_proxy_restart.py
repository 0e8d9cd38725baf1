"""A docker-proxy that is gone is started again by the engine's restart, if containers run on meanwhile."""

import pytest

from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.facts.containers.details import OfContainers
from doctor.facts.engine.state import EngineInfo
from doctor.model.missing import Missing, Why
from fixers.engine.docker_proxy_gone import docker_proxy_gone


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        (EngineInfo(live_restore=True), RestartEngine),
        (EngineInfo(), Advise),
        (Missing(Why.TIMED_OUT, "no answer"), Advise),
    ],
)
def test_only_live_restore_spares_the_containers(info: EngineInfo | Missing, kind: type) -> None:
    [action] = docker_proxy_gone(OfContainers(names=("web",)), info)
    assert isinstance(action, kind)
