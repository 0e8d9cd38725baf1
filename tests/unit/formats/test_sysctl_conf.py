"""The file that decides a kernel parameter is found, and one line of it changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.kernel import sysctl_conf
from doctor.formats.kernel.sysctl_conf import SysctlSetting

FORWARD = "net.ipv4.ip_forward"
TEXT = "# hardening\nnet.ipv4.ip_forward=1\nnet/ipv4/conf/eth0.100/forwarding = 1\n\n; x\n-net.ipv4.ip_forward  =  0\t\nbroken\n"


def settings(*files: tuple[str, str]) -> list[SysctlSetting]:
    return [setting for path, text in files for setting in sysctl_conf.parse(text, path)]


def test_lines_are_read_as_systemd_reads_them() -> None:
    found = sysctl_conf.parse(TEXT, "p")
    assert [(setting.line, setting.key, setting.value) for setting in found] == [
        (2, FORWARD, "1"),
        (3, "net.ipv4.conf.eth0/100.forwarding", "1"),
        (6, FORWARD, "0"),
    ]


def test_the_last_setter_wins_whatever_its_spelling() -> None:
    found = sysctl_conf.last_setter(settings(("a", f"{FORWARD}=1"), ("b", "net/ipv4/ip_forward=0")), FORWARD)
    assert found is not None
    assert (found.path, found.value) == ("b", "0")
    assert sysctl_conf.last_setter(settings(("a", "x.y=1")), FORWARD) is None


def test_a_named_line_beats_a_later_pattern_and_an_exclusion_beats_both() -> None:
    key = "net.ipv4.conf.docker0.forwarding"
    pattern = ("z", "net.ipv4.conf.*.forwarding=0")
    named = sysctl_conf.last_setter(settings(("a", f"{key}=1"), pattern), key)
    assert named is not None
    assert named.path == "a"
    only = sysctl_conf.last_setter(settings(pattern), key)
    assert only is not None
    assert only.path == "z"
    assert sysctl_conf.last_setter(settings(pattern, ("zz", f"-{key}")), key) is None


def test_a_file_in_etc_hides_its_namesake_and_names_decide_the_order() -> None:
    paths = [
        "/usr/lib/sysctl.d/99-docker.conf",
        "/usr/lib/sysctl.d/50-default.conf",
        "/etc/sysctl.d/50-default.conf",
        "/run/sysctl.d/60-x.conf",
        "/etc/sysctl.conf",
    ]
    assert sysctl_conf.effective_order(paths) == (paths[2], paths[3], paths[0])
    assert sysctl_conf.effective_order(paths, legacy_last=True) == (paths[2], paths[3], paths[0], paths[4])


def test_one_value_is_changed_and_every_other_byte_stays() -> None:
    assert sysctl_conf.set_value(TEXT, FORWARD, "1") == TEXT.replace("=  0\t", "=  1\t")
    assert sysctl_conf.set_value(TEXT, "net/ipv4/conf/eth0.100/forwarding", "0") == TEXT.replace(
        "forwarding = 1", "forwarding = 0"
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "a.b = 1\n"),
        ("x.y=1", "x.y=1\na.b = 1\n"),
        ("x.y=1\r\n", "x.y=1\r\na.b = 1\r\n"),
        ("a.*=0\n", "a.*=0\na.b = 1\n"),
        ("a.b=\n", "a.b=1\n"),
        ("# a.b=0\n", "# a.b=0\na.b = 1\n"),
    ],
)
def test_a_missing_line_is_appended(text: str, wanted: str) -> None:
    assert sysctl_conf.set_value(text, "a.b", "1") == wanted


LINES = st.text(alphabet="ab./=-#; \t\r*10\x00", max_size=20)


@given(
    st.lists(LINES, max_size=6).map("\n".join), st.sampled_from(["a.b", "a/b", "a.b/0"]), st.sampled_from(["0", "1"])
)
def test_after_set_value_the_key_has_the_value_and_other_lines_stay(text: str, key: str, value: str) -> None:
    edited = sysctl_conf.set_value(text, key, value)
    found = sysctl_conf.last_setter([s for s in sysctl_conf.parse(edited) if s.value is not None], key)
    assert found is not None
    assert found.value == value
    before, after = text.split("\n"), edited.split("\n")
    assert sum(one != other for one, other in zip(before, after, strict=False)) <= 1
    assert sysctl_conf.set_value(edited, key, value) == edited


@given(st.text(alphabet="ab./", max_size=12))
def test_normalizing_twice_changes_nothing(key: str) -> None:
    once = sysctl_conf.normalize(key)
    assert sysctl_conf.normalize(once) == once or once.startswith("/") or "/" in once.partition(".")[0]
