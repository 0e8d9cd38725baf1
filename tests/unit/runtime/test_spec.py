"""Specifications are taken as they are meant, or refused in one line."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.runtime.base.frozen import USAGE, LaunchError
from doctor.runtime.batch import plans_from
from doctor.runtime.plan.container import DEFAULT_CAPS, UsernsRange
from doctor.runtime.plan.spec import plan_from

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3))
FIELDS = [
    "id",
    "command",
    "builtin",
    "args",
    "rootfs",
    "layers",
    "layers_root",
    "upper",
    "work",
    "readonly",
    "env",
    "cwd",
    "user",
    "hostname",
    "net",
    "userns",
    "bridge",
    "publish",
    "masquerade",
    "volumes",
    "files",
    "tmpfs",
    "memory_bytes",
    "cpus",
    "pids",
    "shm_bytes",
    "caps",
    "seccomp",
    "no_new_privs",
    "rlimits",
    "timeout_s",
    "output_bytes",
    "stdin",
    "background",
    "ready",
]


def code_of(work: Callable[[], object]) -> int | None:
    """The code of the LaunchError that something raises, or None."""
    try:
        work()
    except LaunchError as failure:
        return failure.code
    return None


def test_a_full_specification() -> None:
    plan = plan_from(
        {
            "id": "web-1",
            "command": ["httpd", "-f"],
            "layers": ["/l/top", "/l/base"],
            "env": {"A": "b"},
            "user": "www",
            "net": "bridge",
            "bridge": {
                "name": "docker0",
                "address": "172.17.0.5/16",
                "gateway": "172.17.0.1",
                "mac": "02:42:ac:11:00:05",
            },
            "publish": [{"host_port": 80, "container_port": 8080}],
            "volumes": [{"source": "/srv", "target": "/data", "readonly": True}],
            "files": {"/etc/hosts": "127.0.0.1 localhost\n"},
            "memory_bytes": 64 << 20,
            "cpus": 1.5,
            "caps": ["cap_chown"],
            "rlimits": {"nofile": [1024, -1]},
        }
    )
    assert plan.work.command == ("httpd", "-f")
    assert plan.work.env == ("A=b",)
    assert plan.hostname == "web-1"
    assert plan.net.bridge is not None
    assert plan.net.bridge.address == "172.17.0.5/16"
    assert plan.net.publish[0].protocol == "tcp"
    assert plan.caps == ("CHOWN",)
    assert (plan.rlimits[0].kind, plan.rlimits[0].soft, plan.rlimits[0].hard) == (7, 1024, -1)
    assert plan.volumes[0].readonly is True


def test_defaults_are_docker_s() -> None:
    plan = plan_from({"builtin": "print"})
    assert plan.caps == DEFAULT_CAPS
    assert len(plan.caps) == 14
    assert (plan.seccomp, plan.no_new_privs, plan.net.kind, plan.shm_bytes) == (True, True, "none", 64 << 20)


def test_a_user_namespace_s_ids() -> None:
    assert plan_from({"builtin": "print"}).userns is None
    ids = plan_from({"builtin": "print", "userns": "100000:65536"}).userns
    assert ids == UsernsRange(first=100000, count=65536)
    assert plan_from({"builtin": "print", "userns": "4294967290:5"}).userns is not None


def test_zero_is_a_value() -> None:
    assert plan_from({"builtin": "print", "output_bytes": 0}).output_bytes == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nosuch": 1}, "unknown field 'nosuch'"),
        ({"command": []}, "exactly one of command and builtin"),
        ({"command": ["a"], "builtin": "print"}, "exactly one"),
        ({"command": "ls"}, "command: expected a list, got a string"),
        ({"command": ["ls", None]}, "command[1]"),
        ({"command": ["a\0b"]}, "NUL"),
        ({"pids": "4"}, "pids: expected a whole number, got a string"),
        ({"pids": True}, "got true or false"),
        ({"pids": 0}, "0 is not between 1"),
        ({"cpus": 0}, "cpus"),
        ({"rootfs": "/a", "layers": ["/b"]}, "exclude each other"),
        ({"upper": "/u"}, "belong together"),
        ({"layers": ["/l"] * 501}, "at most 500"),
        ({"cwd": "relative"}, "absolute path"),
        ({"cwd": "/a/../../b"}, "without '..'"),
        ({"net": "weird"}, "net"),
        ({"net": "container:"}, "net"),
        ({"net": "none:x"}, "net"),
        ({"net": "bridge"}, "belong together"),
        ({"net": "bridge", "bridge": {"name": "b", "address": "10.0.0.1"}}, "ADDRESS/PREFIX"),
        ({"net": "bridge", "bridge": {"name": "b", "address": "10.0.0.1/33"}}, "ADDRESS/PREFIX"),
        ({"net": "bridge", "bridge": {"name": "a-much-too-long-name", "address": "10.0.0.1/8"}}, "interface name"),
        ({"net": "bridge", "bridge": {"name": "b", "address": "10.0.0.1/8", "create": True}}, "needs a gateway"),
        ({"publish": [{"host_port": 1, "container_port": 1}]}, "need net 'bridge'"),
        ({"volumes": [{"source": "/a", "target": "/"}]}, "target"),
        ({"volumes": [{"source": "a", "target": "/b"}]}, "source"),
        ({"files": {"etc": "x"}}, "absolute path"),
        ({"caps": ["FLY"]}, "FLY"),
        ({"rlimits": {"nofile": [1]}}, "nofile"),
        ({"rlimits": {"speed": 1}}, "speed"),
        ({"id": "../x"}, "id"),
        ({"env": ["novalue"]}, "NAME=value"),
        ({"hostname": "x" * 65}, "hostname"),
        ({"userns": 100000}, "userns: expected a string"),
        ({"userns": ""}, "not FIRST:COUNT"),
        ({"userns": "100000"}, "not FIRST:COUNT"),
        ({"userns": "1:2:3"}, "not FIRST:COUNT"),
        ({"userns": "-1:5"}, "not FIRST:COUNT"),
        ({"userns": "٣:5"}, "not FIRST:COUNT"),
        ({"userns": "0:65536"}, "not a range of host ids"),
        ({"userns": "100000:0"}, "not a range of host ids"),
        ({"userns": "4294967290:6"}, "not a range of host ids"),
    ],
)
def test_what_can_not_be_meant_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(LaunchError) as caught:
        plan_from({"command": ["true"], **change})
    assert said in caught.value.message
    assert caught.value.code == USAGE
    assert "\n" not in caught.value.message


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES)
def test_any_json_gives_a_plan_or_a_failure(source: object) -> None:
    assert code_of(lambda: plan_from(source)) in (None, USAGE)


@given(st.text(max_size=40) | VALUES.map(json.dumps))
def test_any_document_gives_plans_or_a_failure(text: str) -> None:
    assert code_of(lambda: plans_from(text)) in (None, USAGE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "can't parse"),
        ("[" * 100_000, "can't parse"),
        ("[]", "expected an object"),
        ('{"containers": [{"id": "a", "builtin": "print"}, {"id": "a", "builtin": "print"}]}', "twice"),
        ('{"containers": [{"builtin": "fly"}]}', "unknown builtin 'fly'"),
        ('{"containers": [], "paralel": 2}', "unknown field 'paralel'"),
    ],
)
def test_documents_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(LaunchError, match=said):
        plans_from(text)


def test_a_plan_can_not_be_changed() -> None:
    plan = plan_from({"builtin": "print"})
    with pytest.raises(AttributeError, match="frozen"):
        plan.id = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del plan.id
