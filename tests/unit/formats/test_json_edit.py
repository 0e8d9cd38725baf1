"""Edits of daemon.json change one setting and keep every other byte."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.config import daemon_json, json_edit
from doctor.formats.config.json_text import open_text
from doctor.model.errors import FormatError

KEYS = st.sampled_from(["debug", "log-driver", "log-opts", "max-size", "graph", "data-root", "é", 'q"\\'])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just(1.5))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)
STYLES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"indent": 4},
        {"indent": 2},
        {"indent": "\t"},
        {"indent": 0},
        {},
        {"separators": (",", ":")},
        {"separators": (" , ", " : ")},
        {"indent": 1, "separators": ("\n ,", " : ")},
    ]
)
WRAPS = st.sampled_from(["{}", "{}\n", "\n {}\r\n\n", "\u00a0{}\u3000"])
ENDS = st.sampled_from(["\n", "\r\n"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    value = draw(OBJECTS)
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), **draw(STYLES))
    text = draw(WRAPS).format("@").replace("@", text.replace("\n", draw(ENDS)))
    try:
        return text.encode(draw(ENCODINGS)), value
    except UnicodeEncodeError:
        return json.dumps(value).encode(), value


def clean(value: Any) -> Any:
    return json.loads(json.dumps(value).encode("utf-8", "replace"))


@given(files(), st.lists(KEYS, min_size=1, max_size=3), VALUES)
def test_set_value_sets_that_and_nothing_else(file: tuple[bytes, dict[str, Any]], path: list[str], new: Any) -> None:
    data, value = file
    at: Any = value
    for key in path[:-1]:
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            with pytest.raises(FormatError):
                json_edit.set_value(data, tuple(path), new)
            return
    before = open_text(data)
    at[path[-1]] = new
    edited = json_edit.set_value(data, tuple(path), new)
    after = open_text(edited)
    assert daemon_json.read(edited).value == value
    assert (after.encoding, after.mark) == (before.encoding, before.mark)
    assert json_edit.set_value(edited, tuple(path), new) == edited


@given(files(), KEYS)
def test_remove_key_removes_that_and_nothing_else(file: tuple[bytes, dict[str, Any]], key: str) -> None:
    data, value = file
    was_there = key in value
    value.pop(key, None)
    edited = json_edit.remove_key(data, key)
    assert daemon_json.read(edited).value == value
    assert was_there or edited == data


@given(files(), KEYS, KEYS)
def test_rename_changes_only_the_name(file: tuple[bytes, dict[str, Any]], old: str, new: str) -> None:
    data, value = file
    if old in value and new in value and old != new:
        with pytest.raises(FormatError):
            json_edit.rename_key(data, old, new)
        return
    edited = json_edit.rename_key(data, old, new)
    assert list(daemon_json.read(edited).value) == [new if key == old else key for key in value]
    assert old in value or edited == data


@given(files(), VALUES)
def test_adding_and_removing_gives_back_every_byte(file: tuple[bytes, dict[str, Any]], new: Any) -> None:
    data, value = file
    if not value or b"\n ," in data or "\n ,".encode("utf-16-le") in data or b"\r\n ," in data:
        return
    if "\r\n ,".encode("utf-16-le") in data:
        return
    assert json_edit.remove_key(json_edit.set_value(data, "brand-new", new), "brand-new") == data


@given(st.binary(max_size=80) | st.text(alphabet='{}[]",:/*# \n\\a1\x00\u201c\u00a0', max_size=60).map(str.encode))
def test_hostile_bytes_raise_only_format_error(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        json_edit.set_value(data, ("a", "b"), 1)
    with contextlib.suppress(FormatError):
        json_edit.remove_key(data, ("a", "b"))
    with contextlib.suppress(FormatError):
        json_edit.rename_key(data, "a", "b")


COMMENTED = """{
    // chosen by ops, ticket 12
    "graph": "/srv/docker",  # the big disk
    "log-opts": {"max-size": "10m"},
    /* keep */
    "debug": true // last
}
"""


def edited(path: Any, value: Any, text: str = COMMENTED) -> str:
    return json_edit.set_value(text.encode(), path, value).decode()


def test_comments_order_and_spacing_stay() -> None:
    assert json_edit.rename_key(COMMENTED.encode(), "graph", "data-root").decode() == COMMENTED.replace(
        '"graph"', '"data-root"'
    )
    assert edited(("log-opts", "max-file"), "3") == COMMENTED.replace('"10m"}', '"10m", "max-file": "3"}')
    assert edited("debug", False) == COMMENTED.replace("true", "false")


def test_new_member_goes_below_the_comment_of_the_last() -> None:
    assert edited("mtu", 1400) == COMMENTED.replace("true // last\n", 'true, // last\n    "mtu": 1400\n')


def test_removing_the_last_member_takes_the_comma_before_it() -> None:
    assert json_edit.remove_key(b'{\n  "a": 1,\n  "b": 2\n}\n', "b") == b'{\n  "a": 1\n}\n'
    assert json_edit.remove_key(b'{"a": 1, "b": 2}', "b") == b'{"a": 1}'
    assert json_edit.remove_key(b'{"a": 1}', "a") == b"{}"


def test_a_trailing_comma_serves_the_new_member() -> None:
    assert edited("b", 2, '{\n\t"a": 1,\n}') == '{\n\t"a": 1,\n\t"b": 2\n}'


def test_windows_line_ends_and_marks_stay() -> None:
    data = b'\xef\xbb\xbf{\r\n\t"a": 1\r\n}\r\n'
    assert json_edit.set_value(data, "b", {"c": []}) == (
        b'\xef\xbb\xbf{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": []\r\n\t}\r\n}\r\n'
    )


def test_an_empty_file_becomes_an_object() -> None:
    assert edited("a", 1, "") == '{\n  "a": 1\n}\n'
    assert edited("a", 1, "null\n") == '{\n  "a": 1\n}\n'


def test_the_last_of_a_repeated_key_counts_and_all_are_removed() -> None:
    assert edited("a", 3, '{"a": 1, "a": 2}') == '{"a": 1, "a": 3}'
    assert json_edit.remove_key(b'{"a": 1, "b": 0, "a": 2}', "a") == b'{"b": 0}'


def test_true_is_not_one() -> None:
    assert edited("a", True, '{"a": 1}') == '{"a": true}'


def test_a_file_that_cannot_be_understood_is_refused_with_its_place() -> None:
    with pytest.raises(FormatError, match="line 2, column 8"):
        json_edit.set_value(b'{\n  "a": "unclosed\n}', "b", 1)
