"""A plan stops only what it can expect to start again, names each container, and what ran before runs afterwards."""

import json
import time

import pytest

from tests.hosts import faults, images
from tests.hosts.box import INIT_SCRIPT, Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

JOURNALD = "logging/daemon-json-journald"
QUICK = ("run", "-d", "--stop-timeout", "1")


def run(box: Box, name: str, *options: str, network: str = "none") -> None:
    """A container that runs until it is stopped."""
    box.docker(*QUICK, "--network", network, *options, "--name", name, "bb:1", "sleep", "100000")


FAILS_ONCE = "[ $1 != start ] || [ -e /run/failed ] || { touch /run/failed; exit 1; }"
FAILS = "[ $1 != start ] || exit 1"


def started_by_a_script_that(box: Box, line: str) -> None:
    """The engine runs by its init script, which has this line from now on."""
    box.stop_dockerd()
    box.write("/etc/default/docker", 'DOCKER_OPTS="--label of=script"\n')
    box.start_dockerd(settings=True)
    box.write("/etc/init.d/docker", INIT_SCRIPT.replace("#!/bin/sh", f"#!/bin/sh\n{line}"), mode=0o755)


def states(box: Box) -> dict[str, str]:
    """Name → state of every container."""
    rows = box.docker("ps", "-a", "--format", "{{.Names}} {{.State}}").splitlines()
    return dict(sorted(row.split() for row in rows))


def pids(box: Box, *names: str) -> list[str]:
    """The first process of each container."""
    return box.docker("inspect", "-f", "{{.State.Pid}}", *names).split()


def load(box: Box) -> Box:
    """Import one small image, bb:1."""
    box.docker("import", "-", "bb:1", input=images.base_tar())
    return box


@pytest.fixture
def images_box(box: Box) -> Box:
    """A box with a running dockerd and one image."""
    return load(box)


def test_what_ran_before_runs_again(images_box: Box) -> None:
    """Containers without a restart policy, in the order in which they need each other; a paused one is paused again."""
    box = images_box
    run(box, "base")
    run(box, "joined", network="container:base")
    run(box, "another", "--pid", "container:joined")
    run(box, "keep", "--restart", "always")
    run(box, "held")
    box.docker("pause", "held")
    box.docker("create", "--name", "never", "bb:1", "true")
    before = states(box)
    faults.inject(box, JOURNALD)
    (first, *_) = kit.planned(box, "--allow", "disruptive")
    assert all(name in first for name in ("base", "joined", "another", "keep", "held"))
    assert "never" not in first
    try:
        kit.repair(box)
        assert states(box) == before
        kit.undo(box)
        assert states(box) == before
    finally:
        # Nobody can end a frozen process, a box neither.
        box.docker("unpause", "held", check=False)


def test_one_whose_settings_are_lost_beneath_it_is_named_and_runs_again(images_box: Box) -> None:
    """Only the engine knows that it runs, and writes its settings once more as it stops; an undo of that is not half done."""
    box = images_box
    run(box, "base")
    run(box, "lonely")
    box.doctor("scan")
    before = states(box)
    (box.data_root / "containers" / box.docker("inspect", "-f", "{{.Id}}", "lonely") / "config.v2.json").unlink()
    (first, *_) = kit.planned(box, "--allow", "disruptive")
    assert "containers base, lonely" in first
    kit.repair(box)
    assert states(box) == before
    kit.undo(box)
    assert states(box) == before


def test_what_does_not_run_again_is_named(images_box: Box) -> None:
    """One that was run with --rm is gone, one whose program is gone can't start: both are named, and the code is 1."""
    box = images_box
    run(box, "fleeting", "--rm")
    run(box, "lonely")
    box.docker("exec", "lonely", "rm", "/bin/sleep")
    faults.inject(box, JOURNALD)
    done = kit.repair(box, code=1)
    assert "fleeting was run with --rm" in done.stdout
    assert "lonely can't start" in done.stdout
    assert "rolled back" not in done.stdout


def test_files_of_a_container_with_rm_are_not_lost(images_box: Box) -> None:
    """Its stop would remove what it wrote: the engine is not stopped, whatever is allowed."""
    box = images_box
    box.docker(
        *QUICK,
        "--rm",
        "--network",
        "none",
        "--name",
        "writer",
        "bb:1",
        "sh",
        "-c",
        "echo precious >/work; exec sleep 9999",
    )
    faults.inject(box, JOURNALD)
    time.sleep(0.3)
    done = box.doctor("fix", "--apply", "--yes", "--allow", "destructive")
    assert "removes containers run with --rm" in done.stdout
    assert "writer" in done.stdout
    assert box.docker("exec", "writer", "cat", "/work") == "precious"


@pytest.mark.parametrize("key", ["live-restore", "debug"])
def test_a_key_that_a_reload_takes_stops_nothing(images_box: Box, key: str) -> None:
    """The engine reads its file again under SIGHUP: same processes before and after, and it says that it took the key."""
    box = images_box
    run(box, "base")
    before = (box.pids("dockerd"), pids(box, "base"))
    time.sleep(1.1)
    box.write("/etc/docker/daemon.json", json.dumps({key: True}))
    assert "config/not-applied" in kit.ids(box)
    done = box.doctor("fix", "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no container stops" in done.stdout
    assert (box.pids("dockerd"), pids(box, "base")) == before
    field = {"live-restore": "LiveRestoreEnabled", "debug": "Debug"}[key]
    assert box.docker("info", "-f", f"{{{{.{field}}}}}") == "true"
    kit.undo(box)
    assert (box.pids("dockerd"), pids(box, "base")) == before


def test_live_restore_keeps_containers_over_a_restart(images_box: Box) -> None:
    """The plan says so, and their processes are the same afterwards."""
    box = images_box
    box.stop_dockerd()
    box.write("/etc/docker/daemon.json", '{"live-restore": true}')
    box.start_dockerd()
    run(box, "base")
    before = pids(box, "base")
    faults.inject(box, JOURNALD)
    assert "1 container continues to run (live-restore)" in kit.planned(box, "--allow", "disruptive")[0]
    kit.repair(box)
    assert pids(box, "base") == before
    assert states(box) == {"base": "running"}


def test_no_engine_is_stopped_on_a_full_disk(bare_box: Box) -> None:
    """Dockerd would lose its containers: it keeps its process, and the disk's largest eater is named."""
    box = bare_box
    box.run(["mount", "-t", "tmpfs", "-o", "size=200m,mode=710", "tmpfs", "/var/lib/docker"])
    box.start_dockerd()
    load(box)
    run(box, "chatty", "--restart", "always")
    log = box.docker("inspect", "-f", "{{.LogPath}}", "chatty")
    box.run(["dd", "if=/dev/zero", f"of={log}", "bs=64k"], check=False)
    before = (box.pids("dockerd"), states(box))
    box.write("/etc/docker/daemon.json", '{"log-driver": "journald"}')
    done = box.doctor("fix", "--apply", "--yes", "--allow", "destructive")
    assert done.returncode == 1, done.stdout + done.stderr
    assert (box.pids("dockerd"), states(box)) == before
    assert "the log of container chatty" in done.stdout
    assert f"truncate -s 0 {log}" in " ".join(done.stdout.split())
    assert not kit.runs(box)


def test_rotation_for_containers_to_come_stops_nothing(images_box: Box) -> None:
    """Only a restart would put it in force, and it is set for those that are made after one."""
    box = images_box
    run(box, "chatty")
    log = box.docker("inspect", "-f", "{{.LogPath}}", "chatty")
    box.run(["truncate", "-s", "2G", log])
    before = (box.pids("dockerd"), pids(box, "chatty"))
    done = box.doctor("fix", "logging/unbounded", "--apply", "--yes")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert json.loads(box.read("/etc/docker/daemon.json")) == {"log-opts": {"max-size": "10m", "max-file": "3"}}
    assert "after the engine's next start" in " ".join(done.stdout.split())
    assert (box.pids("dockerd"), pids(box, "chatty")) == before


def test_an_engine_that_is_being_stopped_is_waited_for(images_box: Box) -> None:
    """It answers no more and holds its locks until its last container has ended."""
    box = images_box
    box.docker("run", "-d", "--stop-timeout", "6", "--network", "none", "--name", "slow", "bb:1", "sleep", "100000")
    (box.workdir / "docker/image/overlay2/repositories.json").write_bytes(b"")
    (pid,) = box.pids("dockerd")
    box.run(["kill", str(pid)])
    time.sleep(0.5)
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert "holds the data root" not in done.stdout
    assert not box.exists(f"/proc/{pid}")


def test_hosts_given_twice_open_nothing(bare_box: Box) -> None:
    """An engine that does not start with both is not started on a port that was closed, unless a person chose so."""
    box = bare_box
    local, remote = "unix:///var/run/docker.sock", "tcp://0.0.0.0:2375"
    box.write("/etc/docker/daemon.json", json.dumps({"hosts": [local, remote]}))
    box.write("/etc/default/docker", f"DOCKER_OPTS='-H {local}'\n")
    done = box.doctor("fix", "--apply", "--yes", "--allow", "destructive")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "--choose config/flag-file-conflict:hosts=" in done.stdout
    assert not box.pids("dockerd")
    done = kit.repair(box, "--choose", "config/flag-file-conflict:hosts=closed", code=0)
    assert box.engine_answers()
    assert ":2375" not in box.run(["ss", "-ltn"]).stdout
    assert remote not in box.read("/etc/docker/daemon.json")


def test_after_a_rollback_the_engine_and_its_containers_run(images_box: Box) -> None:
    """Its start fails, and that of the rollback does not: the engine has its old settings again, and what ran before runs."""
    box = images_box
    started_by_a_script_that(box, FAILS_ONCE)
    run(box, "base")
    before = states(box)
    faults.inject(box, JOURNALD)
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 4, done.stdout + done.stderr
    assert box.engine_answers()
    assert states(box) == before
    assert "journald" in box.read("/etc/docker/daemon.json")


def test_a_dead_engine_after_a_rollback_is_no_rollback(images_box: Box) -> None:
    """It ran before and can't be started any more: the code is 6, and the report names it first."""
    box = images_box
    started_by_a_script_that(box, FAILS)
    faults.inject(box, JOURNALD)
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 6, done.stdout + done.stderr
    assert "the engine: it ran before the repair and does not answer now" in " ".join(done.stdout.split())
    assert "everything was rolled back" not in done.stdout
