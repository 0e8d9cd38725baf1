"""A few rows of the managers sweep; `python -m tests.hosts.inits` runs every fault under each manager (benchmarks/INITS.md)."""

import pytest

from tests.hosts.inits.case import Case, run
from tests.hosts.systemd import why_no_systemd

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    ("fault", "manager", "when"),
    [("config/flag-and-file", "systemd", "restarted"), ("state/socket-directory", "sysv", "running")],
)
def test_repaired_and_undone_under_its_manager(can_box: None, fault: str, manager: str, when: str) -> None:
    """The engine refuses to start on it, or nobody reaches it: started by its manager again, with its arguments and containers, and all undone."""
    if manager == "systemd" and (reason := why_no_systemd()):
        pytest.skip(reason)
    result = run(Case(fault=fault, manager=manager, when=when))
    print(result.injected, result.output)
    assert not result.up
    # In brackets: on the directory that undo has brought back no engine starts, which undo says.
    assert result.word.partition(" (")[0] == "ok"
