"""Versions are ordered as their packagers order them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats import version
from doctor.formats.version import KernelRelease, Version


def parsed(text: str) -> Version:
    found = version.parse(text)
    assert found is not None
    return found


def kernel(text: str) -> KernelRelease:
    found = version.parse_kernel(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("26.1.5", "26.1.10"),
        ("20.10.24+dfsg1", "23.0.0"),
        ("1.2.0-rc.3", "1.2.0"),
        ("1.2.0-rc.3", "1.2.0-rc.10"),
        ("1.2.0-beta.1", "1.2.0-rc.1"),
        ("19.03.15", "20.10"),
        ("5:24.0.9-1~ubuntu", "5:26.1.4-1~debian.12~bookworm"),
    ],
)
def test_upstream_versions_are_ordered(older: str, newer: str) -> None:
    assert parsed(older) < parsed(newer)
    assert parsed(newer) > parsed(older)
    assert not parsed(older).at_least(*parsed(newer).numbers) or parsed(newer).pre


def test_trailing_zeros_make_no_difference() -> None:
    assert parsed("26.1") == parsed("26.1.0")
    assert hash(parsed("26.1")) == hash(parsed("26.1.0"))
    assert parsed("26.1.0").at_least(26, 1)
    assert not parsed("26.1.0-rc.1").at_least(26, 1)
    assert version.parse("unknown") is None
    assert parsed("v29.0").major == 29


@given(st.text(max_size=30))
def test_nothing_raises(one: str) -> None:
    version.parse(one)
    version.parse_kernel(one)


@pytest.mark.parametrize(
    ("text", "numbers", "build", "vendor", "flavour"),
    [
        ("3.10.0-1160.el7.x86_64", (3, 10, 0), (1160,), "el7", "x86_64"),
        ("4.18.0-305.12.1.el8_4.x86_64", (4, 18, 0), (305, 12, 1), "el8", "x86_64"),
        ("5.15.0-91-generic", (5, 15, 0), (91,), "", "generic"),
        ("6.1.0-18-amd64", (6, 1, 0), (18,), "", "amd64"),
        ("6.12.48+deb13-amd64", (6, 12, 48), (), "", "deb13-amd64"),
        ("4.14.336-253.554.amzn2.x86_64", (4, 14, 336), (253, 554), "amzn2", "x86_64"),
        ("5.4.17-2136.300.7.el8uek.x86_64", (5, 4, 17), (2136, 300, 7), "uek", "x86_64"),
        ("5.15.146.1-microsoft-standard-WSL2", (5, 15, 146, 1), (), "", "microsoft-standard-WSL2"),
        ("6.8.0-1009-aws", (6, 8, 0), (1009,), "", "aws"),
        ("6.18", (6, 18, 0), (), "", ""),
        ("6.18.0+", (6, 18, 0), (), "", ""),
    ],
)
def test_kernel_releases_are_read(
    text: str, numbers: tuple[int, ...], build: tuple[int, ...], vendor: str, flavour: str
) -> None:
    found = kernel(text)
    assert (found.numbers, found.build, found.vendor, found.flavour) == (numbers, build, vendor, flavour)


def test_kernels_are_compared_by_number_not_by_text() -> None:
    assert kernel("5.15.0").at_least(5, 4)
    assert not kernel("3.10.0-1160.el7.x86_64").at_least(4)
    assert not kernel("7.0-rc1").at_least(7, 0)
    assert kernel("7.0-rc1").at_least(6, 19)
    assert kernel("7.1-rc1").at_least(7, 0)
    assert version.parse_kernel("x") is None
