"""The network of a recorded process is joined only if the process began when the record says, and is in the container's groups."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.network import link

CONTAINER = "c0ffee" * 8


@pytest.fixture
def process(tmp_path: Path) -> Iterator[int]:
    """A process whose name looks like the fields behind it."""
    program = tmp_path / "x) S 1 1 (y"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as running:
        while Path(f"/proc/{running.pid}/comm").read_text() != f"{program.name}\n":
            pass
        yield running.pid
        running.kill()


def refusal(target: str) -> str:
    try:
        os.close(link.open_namespace(target))
    except LaunchError as failure:
        return failure.message
    return ""


def test_time_and_groups_are_both_looked_at(process: int) -> None:
    began = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    for first, last in ((began + 1, began + 1), (began - 1, began - 1), (0, began - 1), (began + 1, began + 9), (9, 0)):
        assert "did not begin with container" in refusal(f"{process}:{CONTAINER}:{first}-{last}")
    for first, last in ((began, began), (0, began), (0, began + 9)):
        assert "is not one of container" in refusal(f"{process}:{CONTAINER}:{first}-{last}")
    assert refusal(str(process)) == ""


@pytest.mark.parametrize(
    "target",
    [
        "",
        "x",
        "1:",
        f"1:{CONTAINER}",
        f"1:{CONTAINER}:",
        f"1:{CONTAINER}:1",
        f"1:{CONTAINER}:1-",
        "1:short:1-2",
        "1:2:3:4",
    ],
)
def test_what_says_no_time_is_no_process(target: str) -> None:
    assert not link.is_process(target)


def test_a_process_or_a_container_s_process() -> None:
    assert link.is_process("1")
    assert link.is_process(f"1:{CONTAINER}:0-5")
