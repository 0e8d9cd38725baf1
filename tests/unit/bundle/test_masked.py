"""A fact in a bundle has no secret: what is not known to be harmless is masked or left out."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from doctor.bundle import kept
from doctor.bundle.masked import Masker, unescaped
from doctor.bundle.reading import fact_name
from doctor.facts.databases.databases import VolumeRecord
from doctor.facts.host.processes import Processes
from doctor.facts.secrets.redact import Concealed
from doctor.model.errors import DoctorError, FormatError
from doctor.model.missing import Missing, Why
from doctor.model.process import Process
from doctor.model.secret import SECRET
from doctor.scan.resolve import find_collector
from tests.secrets_kit import CANARY, found_in, kinds

ROOT = Path(__file__).parents[3]
NOT_KEPT = {
    "doctor.facts.path.rule_lists.PathFirewalls": "conditions of rules are subclasses; the paths that follow from them are kept",
}
"""Facts whose types are not complete, with the reason why that does no harm."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A fact with one field of each kind."""

    values: Annotated[dict[str, Any], SECRET] = {}
    text: str = ""
    owner: str = ""
    argv: tuple[str, ...] = ()
    content: bytes = b""
    key: bytes = b""
    items: dict[str, bytes] = {}


def words(*argv: str) -> tuple[str, ...]:
    found: tuple[str, ...] = Masker().fact(Settings(argv=argv)).argv
    return found


def test_of_a_secret_field_only_what_is_harmless_is_kept() -> None:
    values = {
        "max-size": "10m",
        "splunk-token": "hunter2",
        "label": ["a=hunter2"],
        "deep": {"api": "hunter2", "mtu": 1400},
    }
    found = Masker().fact(Settings(values=values)).values
    assert found == {"max-size": "10m", "splunk-token": "***", "label": ["a=***"], "deep": {"api": "***", "mtu": 1400}}


def test_contents_of_files_are_left_out_and_names_kept() -> None:
    masker = Masker()
    found = masker.fact(
        Settings(content=b"secret", key=b"docker/network/1/", items={"/etc/x": b"secret", "/etc/y": b""})
    )
    assert (found.content, found.key, found.items) == (b"***", b"docker/network/1/", {"/etc/x": b"***", "/etc/y": b""})
    assert masker.dropped == 2


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (("mysqld", "--password=x", "x"), ("mysqld", "***", "***")),
        (
            ("dockerd", "-H", "fd://", "--label", "a=x", "--x-token", "x"),
            ("dockerd", "-H", "fd://", "--label", "a=***", "--x-token", "***"),
        ),
        (
            ("/usr/bin/docker-proxy", "-proto", "tcp", "-host-port", "80"),
            ("/usr/bin/docker-proxy", "-proto", "tcp", "-host-port", "80"),
        ),
        (
            ("/usr/bin/python3", "-Es", "/usr/sbin/firewalld", "--x=y"),
            ("/usr/bin/python3", "***", "/usr/sbin/firewalld", "***"),
        ),
        ((), ()),
    ],
)
def test_arguments_are_kept_of_programs_that_checks_know(argv: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert words(*argv) == shown


def test_the_owner_of_a_socket_is_a_program() -> None:
    assert Masker().fact(Settings(owner="nc -l x")).owner == "nc *** ***"
    assert Masker().fact(Settings(owner="docker-proxy -proto tcp")).owner == "docker-proxy -proto tcp"


def test_concealed_text_is_its_mask() -> None:
    raw, masker = kept.encode(
        Settings(text=Concealed("hunter2"), values={"x": Concealed("http://u:p@h", "http://***@h")})
    )
    assert b"hunter2" not in raw
    assert b"u:p" not in raw
    assert masker.masked == 2


def test_forty_kinds_of_secrets_at_each_place_of_a_volume_and_a_process() -> None:
    secrets = kinds(1)
    volume = VolumeRecord(
        name="v",
        driver="local",
        labels={f"l{i}": text for i, text in enumerate(secrets)},
        options={f"o{i}": text for i, text in enumerate(secrets)},
    )
    process = Process(pid=1, ppid=0, start_ticks=1, state="S", comm="app", exe="/app", argv=("/app", *secrets))
    for fact in (volume, Processes(items=(process,))):
        raw, masker = kept.encode(fact)
        assert found_in(raw) == []
        assert masker.masked >= len(secrets)


def test_the_search_finds_each_form() -> None:
    """A search that finds nothing proves nothing: it finds what it is for."""
    import base64

    for lead in range(3):
        assert found_in(base64.b64encode(b"x" * lead + CANARY.encode() + b"0001x"))
    assert found_in(b"y" + CANARY.encode())
    assert found_in(CANARY.encode().hex().encode())
    assert not found_in(b"canary")


@pytest.mark.parametrize("text", ["\udce9", "a\x1ab\udcff", "\x1a0041", "plain é", ""])
def test_text_that_is_not_utf_8_is_restored(text: str) -> None:
    raw, masker = kept.encode(Settings(text=text))
    assert kept.decode(raw, Settings, is_escaped=masker.escaped).text == text
    assert unescaped({text: (text,)}) == {text: (text,)} or "\x1a" in text


def test_a_missing_fact_keeps_its_reason() -> None:
    missing = Missing(Why.DENIED, "/etc/x: permission denied", "/etc/x")
    raw, _ = kept.encode(missing)
    assert kept.decode(raw, Missing) == missing


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xc1", b"\x91" * 5000, b"\x81\xa4text" * 3000, b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\x81\xa4text\xcf" + b"\xff" * 8,
     b"\x81\xa6values" + b"\x81\xa1a" * 5000, b"\x81\xa4text\xa2\xff\xfe", b"\x81\xa5items\x81\xa1a\xc7\x01\x05x"],
)  # fmt: skip
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(FormatError):
        kept.decode(raw, Settings)


def facts() -> Iterator[type]:
    """Yield every fact of doctor."""
    for path in sorted([*ROOT.glob("doctor/facts/*/**/*.py"), *ROOT.glob("doctor/engines/*/facts/**/*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.stem == "__init__":
            continue
        for kind in vars(importlib.import_module(name)).values():
            if isinstance(kind, type) and kind.__module__ == name and issubclass(kind, msgspec.Struct):
                try:
                    find_collector(kind)
                except (ImportError, DoctorError):
                    continue
                yield kind


def test_every_fact_can_be_kept() -> None:
    """Its types have a decoder: a new fact whose values a bundle can't hold is noticed here."""
    unable = set()
    found = list(facts())
    for kind in found:
        try:
            kept.decode(b"\xc1", kind)
        except FormatError as error:
            if "malformed" not in str(error).lower():
                unable.add(fact_name(kind))
    assert len(found) > 150
    assert unable == set(NOT_KEPT)
