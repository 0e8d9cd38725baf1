"""Who can change doctor's own files: judged along the whole way, by one function."""

import os
from pathlib import Path

import pytest

from doctor.model.errors import RefusedError
from doctor.state.trust import Look, refuse_weak, weakness

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be set as root")
NOBODY = 65534


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory three levels deep, with a file in it."""
    deep = tmp_path / "one" / "two" / "three"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x")
    return deep


def test_roots_own_files_are_trusted(place: Path) -> None:
    """Also below /tmp, where the sticky bit keeps others from renaming them, and where the end is missing."""
    assert weakness(str(place / "file")) is None
    assert weakness(str(place / "nothing" / "here")) is None
    (place.parent).chmod(0o1777)
    assert weakness(str(place / "file")) is None


@pytest.mark.parametrize("name", ["one", "one/two", "one/two/three", "one/two/three/file"])
@pytest.mark.parametrize(
    ("mode", "owner", "said"),
    [(0o777, 0, "everybody"), (0o775, 0, "group 0"), (0o755, NOBODY, "belongs to user 65534")],
)
def test_one_weak_place_on_the_way_is_enough(  # noqa: PLR0917 - three of them are the parameters
    place: Path, tmp_path: Path, name: str, mode: int, owner: int, said: str
) -> None:
    """Whoever can write a directory above can put another file in this one's place."""
    weak = tmp_path / name
    weak.chmod(mode)
    os.chown(weak, owner, 0)
    found = weakness(str(place / "file"))
    assert found is not None
    assert found.where == str(weak)
    assert said in found.why
    with pytest.raises(RefusedError, match="the journal is not used: users other than root may have written it"):
        refuse_weak(str(place / "file"), "the journal")


def test_the_place_itself_is_not_shared(place: Path) -> None:
    """In a sticky directory anybody may make files: harmless above doctor's own, but not as doctor's own."""
    place.chmod(0o1777)
    assert weakness(str(place / "file")) is None
    found = weakness(str(place))
    assert found is not None
    assert "everybody" in found.why


def test_links_are_judged_with_what_they_lead_to(place: Path, tmp_path: Path) -> None:
    """The way that a link takes counts, relative ones and ".." too; a link that somebody else planted in a sticky place, too."""
    (tmp_path / "safe").symlink_to("one/two/../two/three")
    assert weakness(str(tmp_path / "safe" / "file")) is None
    place.parent.chmod(0o777)
    found = weakness(str(tmp_path / "safe"))
    assert found is not None
    assert found.where == str(place.parent)
    place.parent.chmod(0o755)
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "state").symlink_to(place)
    assert weakness(str(shared / "state")) is None
    os.chown(shared / "state", NOBODY, NOBODY, follow_symlinks=False)
    found = weakness(str(shared / "state"))
    assert found is not None
    assert "is a link of user 65534" in found.why


def test_a_circle_and_a_link_to_its_own_directory(tmp_path: Path) -> None:
    """Neither hangs; the directory that "." means is the last one then, and may not be shared."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    found = weakness(str(tmp_path / "a"))
    assert found is not None
    assert "loop" in found.why
    (tmp_path / "here").symlink_to(".")
    assert weakness(str(tmp_path / "here")) is None
    tmp_path.chmod(0o1777)
    assert weakness(str(tmp_path / "here")) is not None


def test_another_host_answers_for_itself() -> None:
    """A mounted disk's own directories are asked for through its host."""
    tree = {"/": Look(0o40755, 0), "/var": Look(0o40755, 0), "/var/doctor": Look(0o40757, 0)}
    found = weakness("/var/doctor/metadata", tree.get)
    assert found is not None
    assert found.where == "/var/doctor"


def test_a_user_trusts_himself_and_root(place: Path) -> None:
    """His own files are his; those of others are not."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            own = Look(0o40755, NOBODY, NOBODY)
            tree = {"/": Look(0o40755, 0), "/home": own, "/home/other": Look(0o40755, 1000)}
            alone = weakness("/home", tree.get) is None and weakness("/home/other", tree.get) is not None
            code = 0 if alone else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert place.exists()
