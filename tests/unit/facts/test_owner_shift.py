"""Owners on disk are compared only where one number maps users and groups."""

import pytest

from doctor.facts.engine.data_root import DataRoot
from doctor.model.paths import HostPath


@pytest.mark.parametrize(
    ("name", "is_of_root", "shift"),
    [
        ("docker", True, 0),
        ("docker", False, None),
        ("100000.100000", True, 100000),
        ("100000.165536", True, None),
    ],
)
def test_owners_are_compared_only_where_one_number_is_added(name: str, *, is_of_root: bool, shift: int | None) -> None:
    place = HostPath(f"/var/lib/{name}")
    root = DataRoot(
        path=place,
        resolved=place,
        entries={},
        uid=0,
        gid=0,
        mode=0o710,
        is_of_root=is_of_root,
        device=1,
        mount=None,
        drivers=(),
        configured_driver="",
    )
    assert root.owner_shift == shift
