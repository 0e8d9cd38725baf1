"""An undo that removes a rule whose chain is gone has nothing left to do; one that puts a rule back there has failed."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.model.errors import RepairError
from doctor.model.step import Run, Step
from doctor.repair.runs.record import RunDirectory
from doctor.repair.steps.execute import Executor
from doctor.repair.steps.perform import is_gone, perform_back, singles
from tests.unit.repair.test_undo import record

LEGACY = "iptables-restore: line {} failed"
NO_CHAIN = "iptables-nft-restore: line 2 failed: No chain/target/match by that name."


@pytest.mark.parametrize(
    ("line", "said", "gone"),
    [
        ("-D DOCKER -i docker0 -j RETURN", NO_CHAIN, True),
        ("-X DOCKER", NO_CHAIN, True),
        ("-D FORWARD -j DOCKER", "Bad rule (does a matching rule exist in that chain?).", True),
        ("-I DOCKER 1 -i docker0 -j RETURN", NO_CHAIN, False),
        ("-D FORWARD -j DOCKER\n-I FORWARD 1 -j DOCKER", NO_CHAIN, False),
        ("-D FORWARD -j DOCKER", "iptables: Resource temporarily unavailable.", False),
        ("-D FORWARD -j DROP", LEGACY.format(2), True),
        ("-D FORWARD -j DROP", LEGACY.format(3), False),
        ("-D FORWARD -j DROP", LEGACY.format(9), False),
        ("-X site", LEGACY.format(2), False),
        ("-I FORWARD 1 -j DROP", LEGACY.format(2), False),
        ("-D FORWARD -j DROP\n-I FORWARD 1 -j DROP", LEGACY.format(2), False),
        ("-D FORWARD -j DROP", "iptables-restore v1.8.11 (legacy): Couldn't load match `geoip'", False),
    ],
)
def test_only_what_is_removed_may_be_gone(line: str, said: str, *, gone: bool) -> None:
    step = Run(argv=("iptables-restore", "--noflush"), stdin=f"*filter\n{line}\nCOMMIT\n".encode())
    assert is_gone(step, said) is gone


RULES = Run(
    argv=("iptables-restore", "--noflush"), stdin=b"*nat\n-D DOCKER -j one\n-D DOCKER -j two\n-X DOCKER\nCOMMIT\n"
)


@pytest.mark.parametrize("busy", [b"", b"-X DOCKER"])
def test_the_other_rules_of_a_command_are_removed_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: bytes
) -> None:
    """A large repair is undone with several rules a command, and one of them may have gone with its container."""
    done: list[bytes] = []

    def restore(_self: Executor, step: Run, _before: object = None) -> None:
        lines = step.stdin.splitlines()[1:-1]
        if b"-D DOCKER -j one" in lines:
            raise RepairError(NO_CHAIN)
        if busy in lines:
            raise RepairError("iptables-restore: Resource temporarily unavailable.")
        done.extend(lines)

    monkeypatch.setattr(Executor, "act", restore)
    (tmp_path / "host").mkdir()
    steps: list[Step] = [RULES]
    made = replace(record(steps, str(tmp_path / "host")), undoes="run")
    failures = perform_back(RunDirectory.create(made), made, lambda _: None)
    assert done == [line for line in (b"-D DOCKER -j two", b"-X DOCKER") if line != busy]
    assert [failure.step for failure in failures] == ([singles(RULES)[2]] if busy else [])


def test_a_command_that_also_adds_is_not_taken_apart() -> None:
    mixed = replace(RULES, stdin=b"*nat\n-D DOCKER -j one\n-I DOCKER 1 -j one\nCOMMIT\n")
    assert (len(singles(RULES)), singles(mixed)) == (3, ())
