"""daemon.json is validated like dockerd does, and repaired only if the fix is unambiguous."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.config import daemon_json, go_json, json_mend
from doctor.formats.config.json_lexer import Edit
from doctor.model.errors import FormatError

ODD = st.text(alphabet="{}[]\",:/*#' \n\\atrue1-.eE\x00\u201c\u201d\u00a0\u200b=\r", max_size=60)


@pytest.mark.parametrize(
    "data",
    [b"", b" \n\t", b"null", b"{}", b"\xef\xbb\xbf{}", "\ufeff{}".encode("utf-16-le"), "\u00a0{}\u2003\n".encode()],
)
def test_harmless_files_are_read_as_empty_settings(data: bytes) -> None:
    assert daemon_json.read(data).value == {}


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ('{"debug": true,}', "invalid character '}' looking for beginning of object key string", "line 1, column 16"),
        ("# c\n{}", "invalid character '#' looking for beginning of value", "line 1, column 1"),
        ("// c\n{}", "invalid character '/' looking for beginning of value", "line 1, column 1"),
        ("{'a': 1}", r"invalid character '\'' looking for beginning of object key string", "line 1, column 2"),
        ("{\u201ca\u201d: 1}", "invalid character 'â' looking for beginning of object key string", "line 1, column 2"),
        ('{\u00a0"a": 1}', "invalid character 'Â' looking for beginning of object key string", "line 1, column 2"),
        ('{"a": 1}\0', r"invalid character '\x00' after top-level value", "line 1, column 9"),
        ('{"a": 1', "unexpected end of JSON input", "line 1, column 8"),
        ('{"a": 1} x', "invalid character 'x' after top-level value", "line 1, column 10"),
        ('{"a" 1}', "invalid character '1' after object key", "line 1, column 6"),
        ('{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair", "line 1, column 9"),
        ('{"a": [1 2]}', "invalid character '2' after array element", "line 1, column 10"),
        ('{"a": 01}', "invalid character '1' after object key:value pair", "line 1, column 8"),
        ('{"a": tru}', "invalid character '}' in literal true (expecting 'e')", "line 1, column 10"),
        ('{"a": "x\ny"}', r"invalid character '\n' in string literal", "line 1, column 9"),
        (r'{"a": "\q"}', "invalid character 'q' in string escape code", "line 1, column 9"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}", "line 1, column 1"),
        ('{"a": NaN}', "invalid character 'N' looking for beginning of value", "line 1, column 7"),
    ],
)
def test_refused_files_are_refused_in_the_words_of_dockerd(text: str, words: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        daemon_json.read(text.encode())
    assert (caught.value.what, caught.value.where) == (words, where)


@given(st.binary(max_size=100) | ODD.map(str.encode))
def test_reading_raises_only_format_error(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        daemon_json.read(data)


@given(ODD)
def test_go_and_python_agree_on_what_json_is(text: str) -> None:
    try:
        json.loads(text, parse_constant=lambda _: 1 / 0)
        is_json = True
    except (ValueError, ZeroDivisionError):
        is_json = False
    assert (go_json.first_error(text) is None) == is_json


def test_deep_nesting_neither_crashes_nor_passes() -> None:
    with pytest.raises(FormatError):
        daemon_json.read(b'{"a":' * 100_000)
    with pytest.raises(FormatError):
        daemon_json.read(b'{"a":' * 5000 + b"1" + b"}" * 5000)
    assert json_mend.examine(b"[" * 100_000).repaired is None


def test_repeated_keys_are_reported_at_any_depth() -> None:
    found = daemon_json.read(b'{"log-opts": {"tag": "a", "tag": "b"}, "debug": true, "debug": false}')
    assert [(entry.key, entry.values) for entry in found.duplicates] == [("tag", ("a", "b")), ("debug", (True, False))]
    assert found.value == {"log-opts": {"tag": "b"}, "debug": False}


def mended(text: str) -> str | None:
    result = json_mend.examine(text.encode("utf-8", "surrogateescape")).repaired
    return None if result is None else result.decode()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a": 1,}', '{"a": 1}'),
        ('{"a": [1,],\n}', '{"a": [1]\n}'),
        ('{\n  // why\n  "a": 1\n}', '{\n  "a": 1\n}'),
        ('{"a": 1 /* x */, "b": 2} # end', '{"a": 1, "b": 2}'),
        ('{"a": "http://x/#y"} // z', '{"a": "http://x/#y"}'),
        ("{'a': 'say \"hi\"'}", '{"a": "say \\"hi\\""}'),
        ("{\u201ca\u201d: \u201cb\u201d}", '{"a": "b"}'),
        ('{"a": "b\u201d,\n "c": 1}', '{"a": "b",\n "c": 1}'),
        ('{\u00a0"a": 1}', '{ "a": 1}'),
        ('{"a":\u200b 1}', '{"a": 1}'),
        ('{"a": 1}\0\0\0', '{"a": 1}'),
        ('{"a": 1\n "b": 2}', '{"a": 1,\n "b": 2}'),
        ('{"a": "x"\n "b": ["y" "z"]}', '{"a": "x",\n "b": ["y", "z"]}'),
        ('{"a": {"b": "c"\n', '{"a": {"b": "c"}}\n'),
        ('{"a": true}}', '{"a": true}'),
        ("{debug: True}", '{"debug": true}'),
        ('{"log-driver": json-file}', '{"log-driver": "json-file"}'),
        ('{"a" = 1}', '{"a" : 1}'),
        ('{"a":: 1}', None),
        ('{"a": "tab\there"}', '{"a": "tab\\there"}'),
        ('{,"a": 1,, "b": 2}', '{"a": 1, "b": 2}'),
    ],
)
def test_clear_mistakes_are_repaired_and_nothing_else_changes(text: str, wanted: str | None) -> None:
    assert mended(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        '{"mtu": 15',  # perhaps 1500
        '{"a": "b',
        '{"a": ',
        '{"a": tru',
        '{"a": yes}',
        '{"a": 1}\n{"b": 2}',
        '{"a": [1, 2}',
        '{"a": "x\0y"}',
        '{"a":\0\0\0 1}',
        '{"a": 1 500}',
        '{"a": [one two]}',
        '{"a": "C:\\dir"}',
        "\0\0\0\0",
        "log-driver: json-file\n",
        '{"a": "b,\n "c": 1}',
        "[]",
        "x" * 300_000,
    ],
)
def test_what_could_mean_two_things_is_left_to_its_owner(text: str) -> None:
    found = json_mend.examine(text.encode())
    assert found.repaired is None
    assert found.value is None


def test_of_two_edits_that_overlap_the_first_is_made() -> None:
    edits = [Edit(start=3, end=5, new="X"), Edit(start=1, end=4, new="Y")]
    assert json_mend.apply("abcdef", edits) == "aYef"
    insertions = [Edit(start=2, end=2, new="1"), Edit(start=2, end=2, new="2")]
    assert json_mend.apply("abcd", insertions) == "ab12cd"


def test_utf16_without_a_mark_gets_one() -> None:
    data = '{"debug": true}'.encode("utf-16-le")
    assert json_mend.examine(data).repaired == b"\xff\xfe" + data


def test_places_are_those_of_an_editor() -> None:
    found = json_mend.examine(b'{\n  "a": 1,\n  "b": 2,\n}')
    assert found.places == ("line 3, column 9",)


@given(st.binary(max_size=80) | ODD.map(str.encode) | ODD.map(lambda text: ("{" + text).encode()))
def test_mending_never_raises_and_always_ends_valid(data: bytes) -> None:
    found = json_mend.examine(data)
    if found.repaired is not None:
        assert daemon_json.read(found.repaired).value == found.value
    else:
        assert found.mistakes


@given(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6), max_size=4), st.data())
def test_a_comment_anywhere_between_tokens_is_removed(value: dict[str, Any], data: st.DataObject) -> None:
    lines = json.dumps(value, indent=2).split("\n")
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] += data.draw(st.sampled_from([" // x", "# y, {", " /* z */", "  //"]))
    found = json_mend.examine("\n".join(lines).encode())
    assert found.value == value
