"""Versions are ordered as their packagers order them."""

import shutil
import subprocess

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


DEBIAN = [
    ("1.0", "1.0-0", 0),
    ("1.0-1", "1.0-1+deb13u1", -1),
    ("26.1.5+dfsg1-9+b1", "26.1.5+dfsg1-9+deb13u1+b1", -1),
    ("1.7.24~ds1-6", "1.7.24-1", -1),
    ("1:0", "2", 1),
    ("1.0a", "1.0+", -1),
    ("1.0~~", "1.0~", -1),
    ("1.0~", "1.0", -1),
    ("0:1.002", "1.2", 0),
    ("1.0-a", "1.0-1", 1),
]


@pytest.mark.parametrize(("one", "other", "wanted"), DEBIAN)
def test_debian_versions_are_ordered(one: str, other: str, wanted: int) -> None:
    assert version.compare_debian(one, other) == wanted
    assert version.compare_debian(other, one) == -wanted


PARTS = st.text(alphabet="01a2~+.Z", min_size=0, max_size=8).map(lambda text: "1" + text)


def test_dpkg_agrees_on_random_versions() -> None:
    dpkg = shutil.which("dpkg")
    if dpkg is None:
        pytest.skip("needs dpkg")
    examples = [
        (f"1{a}", f"1{b}")
        for a in ("", "~", "~~", ".0", "a", "+", "0", "~1", ".a-1")
        for b in ("", "~a", ".01", "+1", "-1")
    ]
    for one, other in examples:
        result = version.compare_debian(one, other)
        relation = {-1: "lt", 0: "eq", 1: "gt"}[result]
        assert subprocess.run([dpkg, "--compare-versions", one, relation, other], check=False).returncode == 0, (
            one,
            other,
        )


RPM = [
    ("1.0", "1.0", 0),
    ("2.0", "2.0.1", -1),
    ("5.5p1", "5.5p10", -1),
    ("10xyz", "10.1xyz", -1),
    ("xyz10", "xyz10.1", -1),
    ("xyz.4", "8", -1),
    ("5.5p2", "5.6p1", -1),
    ("1.0~rc1", "1.0", -1),
    ("1.0~rc1~git123", "1.0~rc1", -1),
    ("1.0^", "1.0", 1),
    ("1.0^git1", "1.0.1", -1),
    ("1.0^git1~pre", "1.0^git1", -1),
    ("2_0", "2.0", 0),
    ("a+", "a_", 0),
    ("1b.fc17", "1.fc17", -1),
    ("1g.fc17", "1.fc17", 1),
    ("3.10.0-1160.el7", "3.10.0-957.el7", 1),
    ("1:1.0", "2.0", 1),
    ("1.0", "1.0-5", 0),
]
"""Mostly of rpm's own tests (tests/rpmvercmp.at)."""


@pytest.mark.parametrize(("one", "other", "wanted"), RPM)
def test_rpm_versions_are_ordered(one: str, other: str, wanted: int) -> None:
    assert version.compare_rpm(one, other) == wanted
    assert version.compare_rpm(other, one) == -wanted


@given(PARTS, PARTS, PARTS)
def test_orders_are_orders(one: str, other: str, third: str) -> None:
    for compare in (version.compare_debian, version.compare_rpm):
        assert compare(one, one) == 0
        assert compare(one, other) == -compare(other, one)
        if compare(one, other) <= 0 and compare(other, third) <= 0 and compare is version.compare_debian:
            assert compare(one, third) <= 0


@given(st.text(max_size=30), st.text(max_size=30))
def test_nothing_raises(one: str, other: str) -> None:
    version.compare_debian(one, other)
    version.compare_rpm(one, other)
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
