"""Whatever a repair or a question proposes for a setting is a value that the same rules accept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctor.facts.config.bad_values import bad_values
from doctor.facts.config.engine import EffectiveSetting, EngineConfig
from doctor.facts.config.keys import problems as key_problems
from doctor.facts.config.spelling import nearest
from doctor.facts.config.value_answers import answers
from doctor.facts.config.values import NamedThings

THINGS = NamedThings(
    missing_paths={},
    groups=frozenset({"docker", "wheel"}),
    users=frozenset({"dockremap", "kim"}),
)
WRONG = st.one_of(
    st.fixed_dictionaries({"bip": st.sampled_from(["172.30.0.0/16", "10.0.0.0/24", "172.30.0.1", "fd00::", "x"])}),
    st.fixed_dictionaries({"log-level": st.sampled_from(["inof", "verbose", "DEBUG ", "warm", ""])}),
    st.fixed_dictionaries({"default-shm-size": st.sampled_from(["64 Megs", "64MBB", "big", "12 gigs"])}),
    st.fixed_dictionaries({"dns": st.lists(st.sampled_from(["10.0.0.1", "ns.example", "10.0.0.300"]), max_size=3)}),
    st.fixed_dictionaries({"registry-mirrors": st.lists(st.sampled_from(["m.example", "https://a/?x=1", "ftp://m", "https://ok"]), max_size=3)}),
    st.fixed_dictionaries({"labels": st.lists(st.sampled_from(["a", "a=1", "a=2", "b=1", "com.docker.x=1"]), max_size=4)}),
    st.fixed_dictionaries({"default-runtime": st.sampled_from(["nvida", "nvidia", "runsc"]), "runtimes": st.just({"nvidia": {"path": "/n"}})}),
    st.fixed_dictionaries({"exec-opts": st.lists(st.sampled_from(["native.cgroupdriver=sytemd", "native.cgroupdriver=x", "other=1"]), max_size=2)}),
    st.fixed_dictionaries({"icc": st.just(False), "iptables": st.just(False)}),
    st.fixed_dictionaries({"bip": st.just("172.30.0.1/16"), "bridge": st.just("br0")}),
    st.fixed_dictionaries({"group": st.sampled_from(["dockr", "nobody-there"])}),
    st.fixed_dictionaries({"userns-remap": st.sampled_from(["kin", "ghost"])}),
    st.fixed_dictionaries({"ip": st.sampled_from(["127.0.0", "localhost"])}),
    st.fixed_dictionaries({"default-ulimits": st.just({"nofile": {"Name": "nofile", "Soft": "20", "Hard": 10}})}),
    st.fixed_dictionaries({"cgroup-parent": st.just("/docker"), "exec-opts": st.just(["native.cgroupdriver=systemd"])}),
)  # fmt: skip


def config(values: dict[str, object]) -> EngineConfig:
    return EngineConfig(
        settings={
            key: EffectiveSetting(value=value, origin="file", file="/etc/docker/daemon.json")
            for key, value in values.items()
        }
    )


@settings(max_examples=300)
@given(WRONG)
def test_every_answer_works(values: dict[str, object]) -> None:
    """With it the problem is gone, and no other has come."""
    before = list(bad_values(config(values), THINGS, (26, 1, 5), None))
    for problem in before:
        for answer in answers(problem, config(values), THINGS):
            key = answer.key or problem.key
            after = {name: value for name, value in values.items() if name != key}
            if answer.value is not None:
                after[key] = answer.value
            left = {one.key for one in bad_values(config(after), THINGS, (26, 1, 5), None)}
            assert problem.key not in left, (values, answer)
            assert left <= {one.key for one in before}, (values, answer)


@pytest.mark.parametrize(
    "key", ["ip", "icc", "hosts", "userns-remap", "default-runtime", "tlsverify", "authorization-plugins"]
)
def test_what_may_close_something_is_never_offered_for_removal(key: str) -> None:
    """The engine's default is more open than whatever a person wrote there."""
    values = {
        "ip": "10.0.0",
        "icc": False,
        "iptables": False,
        "hosts": ["tpc://0.0.0.0:2375"],
        "userns-remap": "ghost",
        "default-runtime": "runsc",
    }
    for problem in bad_values(config(values), THINGS, (26, 1, 5), None):
        if problem.key == key:
            assert all(answer.value is not None for answer in answers(problem, config(values), THINGS))


@pytest.mark.parametrize(
    "values",
    [
        {"default-runtime": "runsc"},
        {"default-runtime": "runc2"},
        {"group": "docker2"},
        {"group": "whee1"},
    ],
)
def test_a_word_like_another_is_a_question_where_it_decides_about_access(values: dict[str, object]) -> None:
    """The sandbox runsc is spelled almost like runc, and a group of a directory service almost like docker."""
    (problem,) = bad_values(config(values), THINGS, (26, 1, 5), None)
    found = answers(problem, config(values), THINGS)
    assert found
    assert not any(answer.is_sure for answer in found)


def test_a_slip_is_not_in_a_number() -> None:
    assert [(one.meant, one.close) for one in key_problems({"ipv4": True}, (28, 0, 0))] == [("", ("ipv6",))]
    (problem,) = key_problems({"fixed-cidr-v4": "10.1.0.0/24"}, (28, 0, 0))
    assert problem.meant == ""


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("storage-drvier", "storage-driver"),
        ("live-restor", "live-restore"),
        ("data_rooot", "data-root"),
        ("Log-Drivre", "log-driver"),
    ],
)
def test_a_slip_of_the_hand_is_read_as_what_was_meant(key: str, meant: str) -> None:
    value = True if meant == "live-restore" else "overlay2"
    (problem,) = key_problems({key: value}, (26, 1, 5))
    assert problem.meant == meant


def test_a_key_that_is_set_twice_or_can_not_take_the_value_is_no_slip() -> None:
    """Renaming it would lose one of two values, or trade one refusal for another."""
    assert [one.meant for one in key_problems({"log-drivr": "local", "log-driver": "journald"}, None)] == [""]
    assert [one.meant for one in key_problems({"live-restor": ["a"]}, None)] == [""]
    assert nearest("registry", ["registry-mirrors", "registries"]) == ()
