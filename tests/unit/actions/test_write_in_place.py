"""A file of a running container is written in place; an undo overwrites nothing that was written since."""

import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from doctor.api.actions.path.files import WriteInPlace

NOW, WANTED = b"nameserver 192.0.2.1\n", b"nameserver 127.0.0.11\n"


@pytest.mark.parametrize(
    ("content", "code", "after"),
    [
        (WANTED, 0, NOW),
        (NOW, 0, NOW),
        (b"", 0, NOW),
        (WANTED + b"search example.org\n", 1, WANTED + b"search example.org\n"),
        (None, 0, None),
    ],
    ids=["written", "not written", "interrupted", "changed since", "container removed"],
)
def test_an_undo_restores_only_what_the_repair_wrote(
    tmp_path: Path, content: bytes | None, code: int, after: bytes | None
) -> None:
    path = tmp_path / "resolv.conf"
    if content is not None:
        path.write_bytes(content)
    action = WriteInPlace(path=str(path), now=NOW, wanted=WANTED, container="web")
    (step,) = cast("Any", action).steps(None)
    done = subprocess.run(step.undo[0], input=step.undo_stdin[0], capture_output=True, check=False)
    assert done.returncode == code
    assert ("changed since the repair" in done.stderr.decode()) == bool(code)
    assert (path.read_bytes() if path.exists() else None) == after
