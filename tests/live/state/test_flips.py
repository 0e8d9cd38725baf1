"""A few places of the bit-flip sweep; `python -m tests.hosts.flips` takes all of them (benchmarks/FLIPS.md)."""

from pathlib import Path

import pytest

from doctor.plugins.load import load as load_catalog
from tests.hosts import archive
from tests.hosts.campaign.reference import Reference, reference
from tests.hosts.flips.engine import healthy_lists, judge
from tests.hosts.flips.look import DATA_ROOT, Doctor
from tests.hosts.flips.place import Place, places

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def healthy(can_box: None) -> Reference:
    """The patient, scanned while healthy, as a power loss left it."""
    return reference()


@pytest.fixture(scope="module")
def doctor(healthy: Reference, tmp_path_factory: pytest.TempPathFactory) -> Doctor:
    """The checks over the patient's data root, without a backup."""
    top = tmp_path_factory.mktemp("flips")
    (top / DATA_ROOT).mkdir(parents=True)
    archive.unpack(healthy.root, top / DATA_ROOT)
    return Doctor(top, load_catalog())


@pytest.fixture(scope="module")
def whole(healthy: Reference) -> dict[str, str]:
    """Return what dockerd lists of the healthy root."""
    return healthy_lists(healthy)


def place_at(root: Path, path: str, text: bytes, bit: int, part: str) -> Place:
    """The place of a letter in the newest tree of a database."""
    data = (root / path).read_bytes()
    live = {place.offset for place in places(root, 1) if place.path == path and place.part == part}
    offset = next(at for at in range(len(data)) if at in live and data.startswith(text, at))
    return Place(path=path, offset=offset, bit=bit, part=part)


WHERE = (
    # The issue's own: "failed to get bridge endpoints from store: invalid character …".
    ("network/files/local-kv.db", b":null},", 4, "value"),
    # A page's key in the page above it: bolt panics at the first write.
    ("network/files/local-kv.db", b"docker/network/v1.0/bridge-endpoint/", 2, "key"),
    # "invalid character '(' after object key:value pair", without a path.
    ("buildkit/metadata_v2.db", b"}", 2, "value"),
)


@pytest.mark.parametrize("where", WHERE, ids=lambda where: f"{where[0]} {where[3]}")
def test_where_the_engine_refuses_doctor_finds_and_repairs(
    healthy: Reference, doctor: Doctor, whole: dict[str, str], where: tuple[str, bytes, int, str]
) -> None:
    """By the bit itself: all is listed again as before."""
    place = place_at(doctor.root / DATA_ROOT, *where)
    seen = doctor.judge(place)
    judged = judge(healthy, whole, place, with_state=False)
    print(seen, judged)
    assert not judged.starts, judged.lost
    assert seen.found, seen
    assert seen.incomplete == ()
    assert judged.repaired, (judged.left, judged.output)


def test_a_seeded_sample_is_judged_whole(doctor: Doctor) -> None:
    """No check is left without an answer, whatever byte is hit, and none fails by a defect of its own."""
    wanted = list(places(doctor.root / DATA_ROOT, 5))[::400]
    assert len(wanted) > 200
    seen = {place: doctor.judge(place) for place in wanted}
    assert {place: one.incomplete for place, one in seen.items() if one.incomplete} == {}
    assert {place: one.crashed for place, one in seen.items() if one.crashed} == {}
