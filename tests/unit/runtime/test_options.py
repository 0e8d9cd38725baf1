"""The command line of `run` says the same as the JSON."""

import pytest

from doctor.runtime.base.frozen import USAGE, LaunchError
from doctor.runtime.plan.container import DEFAULT_CAPS
from doctor.runtime.plan.options import parse
from doctor.runtime.plan.spec import plan_from


def test_options_make_the_plan_that_the_json_makes() -> None:
    line = (
        "--net bridge --bridge br0 --address 10.0.0.2/24 --gateway 10.0.0.1 -p 192.0.2.1:53:5353/udp -v /a:/b:ro "
        "-e A=b --env C=d --memory 64m --cpus 1.5 --pids 9 --timeout 3 -u 5:6 --ulimit nofile=1:2 --readonly "
        "--file /etc/hosts=x --name web --userns 100000:65536"
    )
    options = parse([*line.split(), "/root", "--", "sh", "-c", "true"])
    assert options.plan == plan_from(
        {
            "id": "web",
            "rootfs": "/root",
            "command": ["sh", "-c", "true"],
            "net": "bridge",
            "bridge": {"name": "br0", "address": "10.0.0.2/24", "gateway": "10.0.0.1"},
            "publish": [
                {"host_ip": "192.0.2.1", "host_port": 53, "container_port": 5353, "protocol": "udp", "proxy": True}
            ],
            "volumes": [{"source": "/a", "target": "/b", "readonly": True}],
            "env": ["A=b", "C=d"],
            "memory_bytes": 64 << 20,
            "cpus": 1.5,
            "pids": 9,
            "timeout_s": 3,
            "user": "5:6",
            "rlimits": {"nofile": [1, 2]},
            "readonly": True,
            "userns": "100000:65536",
            "files": {"/etc/hosts": "x"},
        }
    )


def test_words_after_the_root_are_the_command_s() -> None:
    assert parse(["/r", "ls", "-l", "--name"]).plan.work.command == ("ls", "-l", "--name")
    assert parse(["--layers", "/a:/b", "--", "ls"]).plan.root.layers == ("/a", "/b")


def test_a_builtin_takes_named_arguments() -> None:
    work = parse(["--builtin", "sleep", "seconds=3", "note=x"]).plan.work
    assert (work.builtin, work.args) == ("sleep", {"seconds": 3, "note": "x"})


def test_terminal_flags() -> None:
    options = parse(["-it", "/r", "--", "sh"])
    assert (options.interactive, options.terminal, options.plan.work.terminal) == (True, True, True)


def test_capabilities_are_added_and_dropped() -> None:
    plan = parse(["--cap-drop", "chown", "--cap-add", "CAP_NET_ADMIN", "/r", "--", "x"]).plan
    assert set(plan.caps) == {*DEFAULT_CAPS, "NET_ADMIN"} - {"CHOWN"}


@pytest.mark.parametrize(
    "line",
    ["", "/r", "--memory", "--memory x /r ls", "--cpus fast /r ls", "-p 80 /r ls", "-v a /r ls", "--fly 1 /r ls"],
)
def test_usage_errors_are_reported(line: str) -> None:
    with pytest.raises(LaunchError) as caught:
        parse(line.split())
    assert caught.value.code == USAGE
