"""Links and lowers of overlay2 follow from each other, whatever is lost of them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.layers.records import LayerDirectory, Layers
from doctor.facts.layers.short_links import decide_names, derived_name, owners, paths
from doctor.model.paths import HostPath

NAMES = [derived_name(f"link {number}") for number in range(12)]
IDS = [f"{number:064x}" for number in range(12)]


def directory(identity: str, link: str | None, lower: tuple[str, ...] | None) -> LayerDirectory:
    return LayerDirectory(
        id=identity, link=link, lower=lower, has_diff=True, has_work=True, has_merged=False, committed="f"
    )


def layers(found: list[LayerDirectory], links: dict[str, str]) -> Layers:
    return Layers(
        records={},
        removing={},
        unfinished=(),
        mounts={},
        directories={one.id: one for one in found},
        links=links,
        link_directory="d",
        store=HostPath("/store"),
        overlay2=HostPath("/overlay2"),
    )


@given(st.data())
def test_a_name_is_found_as_long_as_one_place_shows_it(data: st.DataObject) -> None:
    """In a tower of layers, each layer keeps its link, its entry in l, or a layer above with its list."""
    height = data.draw(st.integers(2, 10))
    parents = {IDS[number]: IDS[number - 1] if number else "" for number in range(height)}
    lowers = [tuple(NAMES[below] for below in range(number - 1, -1, -1)) for number in range(height)]
    keeps_link = data.draw(st.lists(st.booleans(), min_size=height, max_size=height))
    keeps_entry = data.draw(st.lists(st.booleans(), min_size=height, max_size=height))
    keeps_lower = data.draw(st.lists(st.booleans(), min_size=height, max_size=height))
    found = [
        directory(
            IDS[number],
            NAMES[number] if keeps_link[number] else data.draw(st.sampled_from(["", None, "\0" * 26])),
            lowers[number] if keeps_lower[number] else (),
        )
        for number in range(height)
    ]
    links = {NAMES[number]: f"../{IDS[number]}/diff" for number in range(height) if keeps_entry[number]}
    decided = decide_names(layers(found, links), paths(parents))
    for number in range(height):
        is_known = keeps_link[number] or keeps_entry[number] or any(keeps_lower[number + 1 : height])
        assert decided[IDS[number]] == (NAMES[number] if is_known else derived_name(IDS[number]))
    assert len(set(decided.values())) == height


@given(st.dictionaries(st.sampled_from(IDS), st.sampled_from([*IDS, "", "elsewhere"])))
def test_circles_and_unknown_parents_give_no_path(parents: dict[str, str]) -> None:
    """A path is known exactly where the parents lead to the ground."""
    known = paths(parents)
    for start in parents:
        here, steps = start, []
        while here in parents and len(steps) <= len(parents):
            here = parents[here]
            steps.append(here)
        assert known[start] == (tuple(steps[:-1]) if here == "" and len(steps) <= len(parents) else None)


def test_a_link_to_another_layer_is_not_believed() -> None:
    """The entry in l leads elsewhere; two layers above have the name."""
    found = [
        directory(IDS[0], NAMES[0], None),
        directory(IDS[1], NAMES[1], (NAMES[0],)),
        directory(IDS[2], NAMES[2], (NAMES[1], NAMES[0])),
    ]
    links = {NAMES[0]: f"../{IDS[0]}/diff", NAMES[1]: f"../{IDS[0]}/diff", NAMES[2]: f"../{IDS[2]}/diff"}
    decided = decide_names(layers(found, links), paths({IDS[0]: "", IDS[1]: IDS[0], IDS[2]: IDS[1]}))
    assert decided == {IDS[0]: NAMES[0], IDS[1]: NAMES[1], IDS[2]: NAMES[2]}


def test_a_made_up_name_is_valid_and_the_same_each_time() -> None:
    assert re.fullmatch("[A-Z2-7]{26}", derived_name("x"))
    assert derived_name("x") == derived_name("x") != derived_name("y")


def test_owners_ignore_names_that_lead_nowhere() -> None:
    found = layers([directory(IDS[0], NAMES[0], None)], {NAMES[1]: "../gone/diff", "..": "../../etc/diff"})
    assert owners(found) == {NAMES[0]: IDS[0]}
