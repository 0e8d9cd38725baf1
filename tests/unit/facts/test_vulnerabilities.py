"""Version numbers are judged as the rules say: by stable series, by vendor, never beyond what they prove."""

import re

import pytest
from doctor.checks.versions.possibly_vulnerable import possibly_vulnerable
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.engine.vulnerabilities import vulnerabilities
from doctor.facts.engine.vulnerabilities import (
    Component,
    ComponentExposure,
    ComponentHole,
    Exposed,
    KernelExposure,
    KernelHole,
)
from doctor.facts.kernel.kernel import Kernel
from doctor.formats.version import Version, parse, parse_kernel
from doctor.model.missing import Missing, Why

TABLE = vulnerabilities()
HOLES = {hole.id: hole for hole in TABLE.kernel}
COMPONENTS = {hole.id: hole for hole in TABLE.components}
DIRTY_PIPE = HOLES["CVE-2022-0847"]


def kernel(text: str, **more: object) -> Kernel:
    release = parse_kernel(text)
    assert release is not None
    return Kernel(release=release, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("release", "state"),
    [
        ("5.7.19", "fixed"),  # before the code came
        ("5.8.0", "affected"),
        ("5.10.101", "affected"),
        ("5.10.102", "fixed"),
        ("5.11.22", "affected"),  # a series that ended without the fix
        ("5.15.24", "affected"),
        ("5.15.25", "fixed"),
        ("5.16.11", "fixed"),
        ("5.17.0", "fixed"),
        ("6.18.1", "fixed"),
    ],
)
def test_a_series_is_judged_by_its_own_fix(release: str, state: str) -> None:
    assert DIRTY_PIPE.by_number(kernel(release)) == state


def test_a_vendors_frozen_number_proves_nothing() -> None:
    """RHEL 9 is 5.14 for ever, with fixes and new code of later kernels in it."""
    red_hat = kernel("5.14.0-503.el9.x86_64", vendor="rhel")
    assert DIRTY_PIPE.by_number(red_hat) == "unknown"
    assert HOLES["CVE-2016-5195"].by_number(red_hat) == "fixed"


def test_the_upstream_release_behind_a_debian_number_counts() -> None:
    """``uname -r`` says 5.10.0, the package 5.10.103."""
    debian = kernel("5.10.0-12-amd64", vendor="debian", package="5.10.103-1", upstream=(5, 10, 103))
    assert DIRTY_PIPE.by_number(debian) == "fixed"
    assert DIRTY_PIPE.by_number(kernel("5.10.0-12-amd64", vendor="debian")) == "unknown"


def test_a_live_patch_makes_the_number_say_less() -> None:
    assert DIRTY_PIPE.by_number(kernel("5.15.10", livepatches=("kpatch_1",))) == "unknown"


@given(st.sampled_from(TABLE.kernel), st.tuples(st.integers(2, 8), st.integers(0, 20), st.integers(0, 350)))
def test_a_later_release_of_a_series_is_never_worse(hole: KernelHole, numbers: tuple[int, int, int]) -> None:
    """Once fixed in a series, fixed in it."""
    major, minor, patch = numbers
    now = hole.by_number(kernel(f"{major}.{minor}.{patch}"))
    later = hole.by_number(kernel(f"{major}.{minor}.{patch + 1}"))
    assert (now, later) != ("fixed", "affected") or (major, minor) == hole.introduced[:2]


@pytest.mark.parametrize(
    ("cve", "version", "has"),
    [
        ("CVE-2024-21626", "1.1.11", True),
        ("CVE-2024-21626", "1.1.12", False),
        ("CVE-2024-21626", "1.2.0", False),
        ("CVE-2024-21626", "1.0.3", True),
        ("CVE-2025-31133", "1.1.15", True),
        ("CVE-2025-31133", "1.4.0-rc.2", True),
        ("CVE-2025-31133", "1.4.0-rc.3", False),
        ("CVE-2025-31133", "1.5.0", False),
        ("CVE-2024-41110", "26.1.4", True),
        ("CVE-2024-41110", "26.1.5", False),  # the record says 26.1.14; the tag has the fix
        ("CVE-2024-41110", "24.0.9", True),  # no release of that series has it
        ("CVE-2025-54388", "28.1.1", False),
        ("CVE-2025-54388", "28.2.0", True),
        ("CVE-2025-54388", "28.3.3", False),
        ("CVE-2026-34040", "28.5.2", True),
        ("CVE-2021-21284", "19.03.15", False),
    ],
)
def test_a_component_is_judged_by_its_series(cve: str, version: str, has: bool) -> None:
    found = parse(version)
    assert found is not None
    assert COMPONENTS[cve].has(found) is has


@given(st.sampled_from(TABLE.components), st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, 40)))
def test_a_component_never_gets_a_hole_back_within_a_series(hole: ComponentHole, numbers: tuple[int, int, int]) -> None:
    now, later = Version(numbers=numbers), Version(numbers=(*numbers[:2], numbers[2] + 1))
    introduced = hole.introduced.numbers[:2] if hole.introduced is not None else ()
    assert hole.has(now) or not hole.has(later) or numbers[:2] == introduced


def test_the_table_is_whole() -> None:
    """Each entry has an id, a fix, words for a reader, and needs that the checks know."""
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", TABLE.checked)
    for hole in (*TABLE.kernel, *TABLE.components):
        assert re.fullmatch(r"CVE-\d{4}-\d{4,7}", hole.id)
        assert hole.what
        assert hole.branches
    for kernel_hole in TABLE.kernel:
        assert kernel_hole.fixed
        assert list(kernel_hole.branches) == sorted(kernel_hole.branches)
        assert set(kernel_hole.needs) <= {"userns", "bpf", "net-raw", "cgroup1"}
    known = {"authz", "swarm", "userns-remap", "firewalld", "internal-network", "cri", "docker-cp"}
    assert all(set(hole.needs) <= known for hole in TABLE.components)


def _exposed(name: str, *ids: str) -> Exposed:
    component = Component(name=name, text="1.0", source="GET /version", package=f"{name}.deb")
    return Exposed(component=component, holes=tuple(COMPONENTS[one] for one in ids))


def test_all_doubts_of_a_host_are_one_line() -> None:
    """Engine, containerd, runc and kernel: names and a count in the message, the versions and CVEs as evidence."""
    components = ComponentExposure(
        unknown=(
            _exposed("engine", "CVE-2026-41567"),
            _exposed("containerd", "CVE-2026-46680", "CVE-2026-47262"),
            _exposed("runc", "CVE-2025-52881"),
        ),
        checked=TABLE.checked,
    )
    doubtful = KernelExposure(unknown=(DIRTY_PIPE,), checked=TABLE.checked)
    (finding,) = possibly_vulnerable(components, doubtful, kernel("5.14.0-503.el9.x86_64", vendor="rhel"))
    assert finding.message == (
        "engine, containerd, runc and kernel may be affected by 5 CVEs: "
        "their versions do not show whether the fixes were backported"
    )
    shown = " ".join(evidence.value for evidence in finding.evidence)
    assert all(one in shown for one in ("engine 1.0", "CVE-2026-47262", "CVE-2025-52881", DIRTY_PIPE.id))


def test_a_single_doubt_is_named() -> None:
    """A missing fact about the kernel hides nothing of the components."""
    gone = Missing(Why.UNSUPPORTED, "no kernel")
    exposed = ComponentExposure(unknown=(_exposed("runc", "CVE-2025-52881"),), checked=TABLE.checked)
    (finding,) = possibly_vulnerable(exposed, gone, gone)
    assert finding.message.startswith("runc 1.0 may be affected by CVE-2025-52881: ")
    assert not list(possibly_vulnerable(ComponentExposure(), gone, gone))
