"""Work in another network namespace: a namespace that refuses to be entered gives an error of its own."""

import os
from pathlib import Path

import pytest

from doctor.host.trace.netns import NetPlace, of_process
from doctor.model.errors import DoctorError


def test_a_refusal_is_an_error_of_its_own(tmp_path: Path) -> None:
    """An error number of the work is passed on: it is the kernel's answer."""
    file = tmp_path / "no-namespace"
    file.touch()
    place = NetPlace("aa", os.open(file, os.O_RDONLY))
    with pytest.raises(DoctorError, match="can't enter the network namespace of aa"):
        place.do(lambda: 1)
    place.close()
    place.close()


def test_its_own_namespace_needs_no_privilege() -> None:
    def refuse() -> None:
        raise OSError(101, "Network is unreachable")

    place = of_process("host", None)
    assert place.do(lambda: os.stat("/proc/thread-self/ns/net").st_ino) == place.inode
    with pytest.raises(OSError, match="unreachable"):
        place.do(refuse)
    place.close()
