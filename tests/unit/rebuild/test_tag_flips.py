"""Whichever bit of a list of names flips: what doctor takes for proven is what was there."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doctor.collect.images.altered_tags import is_plain
from doctor.collect.images.images import parse_tags
from doctor.facts.images.images import ImageConfig, Images, Tags, tags_content
from doctor.formats.images.repositories_json import is_reference_of, read
from doctor.model.errors import FormatError
from doctor.model.paths import HostPath
from doctor.rebuild.images.tag_flips import MAX_ITEMS, KnownNames, altered, flipped
from tests.clocks import within

IDS = ["0123456789abcdef" * 4, "f" * 64, "5261b8034dbabb773886d03e6caa74ea306c7fa52fb093ed4cb100cd893bcdc4"]
IMAGES = frozenset(IDS)
tags = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,6}", fullmatch=True)
repositories = st.from_regex(r"(reg\.io:5000/|localhost/|team/)?[a-z]{1,5}([-._][a-z]{1,3})?", fullmatch=True)
digests = st.sampled_from(IDS).map(lambda text: f"sha256:{text}")
marks = st.one_of(tags.map(lambda tag: f":{tag}"), digests.map(lambda digest: f"@{digest}"))
names = st.builds(str.__add__, repositories, marks)
lists = st.dictionaries(names, digests, min_size=1, max_size=6).map(tags_content)


def entries(data: bytes) -> object:
    """Return what an engine reads: names below repositories."""
    found = json.loads(data)
    return [value for key, value in found.items() if key.lower() == "repositories"]


def flip_one(whole: bytes, bit: int) -> bytes:
    """The list with one bit flipped; only what is still a list that an engine reads counts."""
    broken = bytearray(whole)
    broken[bit // 8 % len(whole)] ^= 1 << bit % 8
    try:
        parse_tags(bytes(broken))
        read_as = entries(bytes(broken))
    except (FormatError, ValueError):
        assume(False)
    assume(read_as != entries(whole))
    return bytes(broken)


@given(lists, st.integers(0, 80_000))
def test_what_is_proven_was_there(whole: bytes, bit: int) -> None:
    """From the list alone; an unproven reading has the original among its candidates."""
    broken = flip_one(whole, bit)
    found = altered(broken, KnownNames(images=IMAGES))
    for item in found:
        restored = [flipped(broken, reading.flips) for reading in item.readings]
        assert not restored or whole in restored
        assert not item.proof or restored[0] == whole


@given(lists, st.integers(0, 80_000))
def test_with_a_backup_every_flip_is_found_and_turned_back(whole: bytes, bit: int) -> None:
    """The file was not written since; then each flipped bit is proven."""
    broken = flip_one(whole, bit)
    sources = dict.fromkeys(parse_tags(whole).items(), "the backup")
    found = altered(broken, KnownNames(images=IMAGES, sources=sources, kept=whole, is_unwritten=True))
    assert [flipped(broken, item.readings[0].flips) for item in found if item.proof] == [whole]


def passes(data: bytes) -> bool:
    """Whether the one look that each scan takes finds nothing odd."""
    tags = Tags(path=HostPath("/r"), status="ok", entries=parse_tags(data), content=data)
    configs = {identity: ImageConfig(id=identity) for identity in IDS}
    return is_plain(tags, Images(top=HostPath("/i"), configs=configs, tags=tags))


@given(lists, st.integers(0, 80_000))
def test_the_quick_look_passes_what_is_whole_and_nothing_altered(whole: bytes, bit: int) -> None:
    """It is what spares an ordinary scan the rest, so it must miss nothing that the list itself shows."""
    assert passes(whole)
    broken = flip_one(whole, bit)
    assert not (altered(broken, KnownNames(images=IMAGES)) and passes(broken))


@given(lists)
def test_a_whole_list_has_nothing_altered(whole: bytes) -> None:
    """Two repositories or names that are one bit apart are as good as any."""
    assert altered(whole, KnownNames(images=IMAGES)) == ()
    assert all(is_reference_of(line.repository.text, line.reference.text) for line in read(whole))


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda part: st.lists(part) | st.dictionaries(st.text(), part))
)
def test_any_json_is_passed_over(value: object) -> None:
    """Whatever stands in the file: no error, and nothing proven."""
    assert not [item for item in altered(json.dumps(value).encode(), KnownNames(images=IMAGES)) if item.proof]


@given(st.binary(max_size=200))
def test_any_bytes_are_passed_over(data: bytes) -> None:
    """Bytes that are no JSON don't get here, and would do no harm."""
    altered(data, KnownNames(images=IMAGES))


@pytest.mark.timeout(300)
def test_a_hostile_list_costs_little() -> None:
    """Many thousand names that fit nothing, the longest there are, all alike, or meaning nothing."""
    long = "a" * 380
    lots = {f"r{number}": {f"{long}{number}": "sha256:" + "1" * 64, "x": "y"} for number in range(5000)}
    same = "{" + ",".join(f'"app:{long[:100]}":"sha256:{"2" * 64}"' for _ in range(5000)) + "}"
    one = {f"ap{letter}:{number}": "sha256:" + "3" * 64 for number in range(3000) for letter in "pqrtx"}
    texts = (
        json.dumps({"Repositories": lots}),
        '{"Repositories":{"app":' + same + "}}",
        json.dumps({"Repositories": {"app": one}}),
    )
    found = within(8, lambda: [len(altered(text.encode(), KnownNames(images=IMAGES))) for text in texts], tries=3)
    assert max(found) <= MAX_ITEMS
