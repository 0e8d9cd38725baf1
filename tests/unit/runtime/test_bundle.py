"""A bundle's config.json: each property of the specification is carried out or refused by its name; nothing else passes."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from doctor.runtime.base.frozen import USAGE, LaunchError
from doctor.runtime.plan.options import parse
from tests.unit.runtime.oci_carried import CARRIED, UNSEEN
from tests.unit.runtime.oci_config import base, changed, resources
from tests.unit.runtime.oci_refused import REFUSED, REFUSED_VALUES

# Written from the JSON schemas of the specification by walking their properties; other systems' objects by name alone.
PROPERTIES = (Path(__file__).parent / "oci_properties.txt").read_text().split()


def bundle(where: Path, config: Any) -> Path:
    (where / "root").mkdir(exist_ok=True)
    text = config if isinstance(config, str) else json.dumps(config)
    (where / "config.json").write_text(text, "utf-8", "surrogatepass")
    return where


def refusal(where: Path, config: Any) -> str:
    """The message that names what is refused; "" for a bundle that can be run."""
    failure = None
    try:
        parse(["--bundle", str(bundle(where, config))])
    except LaunchError as error:
        failure = error
    if failure is None:
        return ""
    assert failure.code == USAGE
    assert "\n" not in failure.message
    return failure.message


def test_every_property_of_the_specification_is_in_the_table() -> None:
    known = [*CARRIED, *UNSEEN, *REFUSED]
    assert sorted(known) == sorted(PROPERTIES)


def named(name: str, said: str, least: int = 1) -> bool:
    """Whether a message names a property or an object that it is in, from so many names on."""
    parents = name.replace("[]", "[0]").split(".")
    return any(".".join(parents[:depth]) in said for depth in range(min(least, len(parents)), len(parents) + 1))


def test_what_is_not_carried_out_is_refused_by_its_name(tmp_path: Path) -> None:
    for name, case in REFUSED.items():
        assert case.name in refusal(tmp_path, changed(base("root"), case.changes)), name


@pytest.mark.parametrize("name", REFUSED_VALUES)
def test_values_that_can_not_be_given_are_refused_by_name(tmp_path: Path, name: str) -> None:
    case = REFUSED_VALUES[name]
    assert case.name in refusal(tmp_path, changed(base("root"), case.changes))


def test_what_is_carried_out_passes(tmp_path: Path) -> None:
    for name in (*CARRIED, *UNSEEN):
        changes = CARRIED[name].changes if name in CARRIED else UNSEEN[name]
        assert refusal(tmp_path, changed(base("root"), changes)) == "", name


def put(config: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """A config with a value at a property's place; lists on the way get one object."""
    here: Any = config
    *parents, last = place.replace("*", "net").split(".")
    for name in parents:
        if name.endswith("[]"):
            here[name[:-2]] = [{}]
            here = here[name[:-2]][0]
        else:
            here = here.setdefault(name, {})
    here[last] = value
    return config


@pytest.mark.parametrize("value", [3.5, [[3.5]], {"nonsense": 3.5}])
def test_a_malformed_value_is_refused_by_name(tmp_path: Path, value: object) -> None:
    for name in PROPERTIES:
        said = refusal(tmp_path, put(base("root"), name, value))
        assert named(name, said), (name, said)


def test_an_unknown_field_is_refused_by_name(tmp_path: Path) -> None:
    for name in sorted({name.rpartition(".")[0] for name in PROPERTIES if "*" not in name}):
        said = refusal(tmp_path, put(base("root"), f"{name}.nonsense".lstrip("."), 1))
        assert "nonsense" in said or named(name.removesuffix("[]"), said, least=2), (name, said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ("{} x", "not JSON"),
        ('{"ociVersion": NaN}', "not JSON"),
        ('{"ociVersion": "1.0.0", "ociVersion": "1.0.0"}', "'ociVersion' occurs twice"),
        ('{"a": ' + "1" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"ociVersion": "1.0.0", "hostname": "\\ud800"}', "hostname"),
        ('{"ociVersion": "1.0.0", "hostname": "a\\u0000b"}', "hostname"),
        ("\ufeff{}", "not JSON"),
    ],
)
def test_a_text_that_is_no_config_is_refused(tmp_path: Path, text: str, why: str) -> None:
    assert why in refusal(tmp_path, text)


@pytest.mark.parametrize("kind", ["missing", "fifo", "link", "directory", "huge", "binary"])
def test_a_config_that_is_no_plain_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "config.json"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(json.dumps(base("root")))
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "link":
            path.symlink_to(elsewhere)
        case "directory":
            path.mkdir()
        case "huge":
            with path.open("wb") as target:
                target.truncate(8 << 30)
        case "binary":
            path.write_bytes(bytes(range(256)))
    with pytest.raises(LaunchError, match=r"config\.json") as found:
        parse(["--bundle", str(tmp_path)])
    assert found.value.code == USAGE


def test_docker_s_own_hook_is_named_on_stderr(tmp_path: Path) -> None:
    """It hands the network to an engine that may be dead; the container's network is the one of --net."""
    hook = {"path": "/proc/2/exe", "args": ["libnetwork-setkey", "-exec-root=/var/run/docker", "id", "id"]}
    config = changed(base("root"), {"hooks.prestart": [hook]})
    assert "hooks.prestart[0]" in parse(["--bundle", str(bundle(tmp_path, config))]).notes[0]
    assert "hooks.poststop[0]" in refusal(tmp_path, changed(base("root"), {"hooks.poststop": [hook]}))


def test_the_command_line_stands_over_the_bundle(tmp_path: Path) -> None:
    changes = {"process.env": ["A=1"], "process.user": {"uid": 5, "gid": 5, "additionalGids": [7]}}
    config = changed(base("root"), changes | resources("memory", limit=64 << 20, swap=64 << 20))
    given = ["--bundle", str(bundle(tmp_path, config)), "-e", "B=2", "-u", "9", "--memory", "32m", "--cap-drop", "KILL"]
    plan = parse([*given, "--", "ls"]).plan
    assert plan.work.env == ("A=1", "B=2")
    assert (plan.work.command, plan.work.user, plan.extras.groups) == (("ls",), "9", ())
    assert (plan.limits.memory_bytes, plan.limits.swap_bytes) == (32 << 20, None)
    assert plan.extras.capabilities is not None
    assert "KILL" not in plan.extras.capabilities.bounding
    assert "CHOWN" in plan.extras.capabilities.bounding
