"""Users come from the image's own files, as Docker's --user reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.process.users import identity

PASSWD = "# comment\nroot:x:0:0:root:/root:/bin/sh\nwww:x:33:34:w:/var/www:/bin/false\nbad:x:x:1::/:\nshort:x\n"
GROUP = "root:x:0:\nwww:x:34:\nadm:x:4:www,other\nssl:x:101:other, www\nten:x:10:www\n"


@pytest.mark.parametrize(
    ("wanted", "uid", "gid", "groups", "home"),
    [
        ("", 0, 0, (), "/root"),
        ("0", 0, 0, (), "/root"),
        ("www", 33, 34, (4, 10), "/var/www"),
        ("33", 33, 34, (4, 10), "/var/www"),
        ("www:adm", 33, 4, (), "/var/www"),
        ("www:77", 33, 77, (), "/var/www"),
        ("4711", 4711, 0, (), "/"),
        ("4711:5", 4711, 5, (), "/"),
    ],
)
def test_identities(wanted: str, uid: int, gid: int, groups: tuple[int, ...], home: str) -> None:
    who = identity(wanted, PASSWD, GROUP)
    assert (who.uid, who.gid, who.groups, who.home) == (uid, gid, groups, home)


@pytest.mark.parametrize("wanted", ["nobody", "bad", "-1", "www:nogroup", "99999999999", "0x0", "²"])
def test_unknown_names_are_refused(wanted: str) -> None:
    with pytest.raises(LaunchError, match="the image has no"):
        identity(wanted, PASSWD, GROUP)


def test_an_empty_image_has_a_root() -> None:
    who = identity("", "", "")
    assert (who.uid, who.gid, who.home) == (0, 0, "/")


@given(st.text(max_size=20), st.text(max_size=200), st.text(max_size=200))
def test_any_text_gives_an_identity_or_a_failure(wanted: str, passwd: str, group: str) -> None:
    try:
        who = identity(wanted, passwd, group)
    except LaunchError:
        return
    assert 0 <= who.uid < 2**31
    assert 0 <= who.gid < 2**31
