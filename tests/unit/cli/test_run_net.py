"""Which container ``--net container:NAME`` means."""

from pathlib import Path

import pytest

from doctor.cli.commands.run_net import _container
from doctor.facts.containers.containers import Container, Containers, ContainerState
from doctor.host.recorded import RootHost
from doctor.model.errors import UsageError
from doctor.model.paths import HostPath
from doctor.scan.resolve import Facts


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    ids = ("beef00" + "0" * 58, "beef11" + "1" * 58, "cafe" + "2" * 60)
    nowhere = HostPath("/nowhere")
    items = tuple(
        Container(
            id=one,
            directory=nowhere,
            name=name,
            image="",
            image_id="",
            driver="",
            created="",
            state=ContainerState(),
            host=None,
            log_path=nowhere,
            hosts_path=nowhere,
            resolv_conf_path=nowhere,
        )
        for one, name in zip(ids, ("first", "second", "beef"), strict=True)
    )
    found = Facts(RootHost(str(tmp_path)))
    found.give(Containers(items=items))
    return found


def test_a_name_goes_before_the_beginning_of_an_id(facts: Facts) -> None:
    assert getattr(_container("beef", facts), "name", "") == "beef"
    assert getattr(_container("beef11", facts), "name", "") == "second"
    assert _container("bee", facts) is None


def test_ids_that_begin_alike_are_refused(facts: Facts) -> None:
    with pytest.raises(UsageError, match="2 container ids begin with 'beef'"):
        _container("beef", _without_name(facts))


def _without_name(facts: Facts) -> Facts:
    known = facts.get(Containers)
    found = Facts(facts.host)
    found.give(Containers(items=known.items[:2]))
    return found
