"""Data that the engine's own start would destroy still exists after doctor let it start."""

import shutil
from pathlib import Path

import pytest

from tests.hosts.box import Box
from tests.live.state.state_kit import problems, revive

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


def test_a_container_with_rm_survives_the_start_after_a_crash(box: Box) -> None:
    """Alone, dockerd deletes it at once; after doctor it is a stopped container with its file."""
    box.load_images()
    script = "echo hours-of-work >/result; sleep 1000"
    box.docker("run", "-d", "--rm", "--name", "job", "--network", "none", "bb:1", "sh", "-c", script)
    box.run(["sh", "-c", "until docker exec job test -s /result; do sleep 0.1; done"])
    box.power_loss()
    assert problems(box) == {"container-autoremove-pending"}
    revive(box)
    assert box.docker("ps", "-a", "--format", "{{.Names}} {{.State}}") == "job exited"
    copied = box.run(["sh", "-c", "docker cp job:/result - | tar -xOf -"]).stdout
    assert copied == "hours-of-work\n"


def test_a_swarm_nodes_state_is_kept_before_a_start_erases_it(box: Box) -> None:
    """The certificate is gone: dockerd erases swarm/ without a word; doctor has copied it before."""
    box.docker("swarm", "init", "--advertise-addr", "198.51.100.1")
    box.docker("config", "create", "kept", "-", input="value")
    box.power_loss()
    swarm = box.data_root / "swarm"
    before = names(swarm)
    (swarm / "certificates/swarm-node.crt").unlink()
    assert problems(box) == {"swarm-cert-missing"}
    revive(box)
    assert names(swarm) != before
    kept = names(box.workdir / "doctor/aside/swarm")
    assert kept == before - {"certificates/swarm-node.crt"}


def names(top: Path) -> set[str]:
    """Regular files beneath a directory."""
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}


def test_the_records_of_unmounted_volumes_are_kept(box: Box) -> None:
    """A volume's directory is away at the start: dockerd forgets its labels, doctor has copied the database, and says so."""
    box.docker("volume", "create", "--label", "keep=yes", "data")
    box.power_loss()
    volume = box.data_root / "volumes/data"
    volume.rename(box.workdir / "away")
    assert problems(box) == {"volume-dir-missing"}
    told = " ".join(revive(box, codes=[1]).split())
    assert "Left to you ERROR the directory of volume data is missing" in told
    assert "start erased the record; a copy was kept before" in told
    assert b'"keep":"yes"' in (box.workdir / "doctor/aside/volumes/metadata.db").read_bytes()


def test_a_volume_of_options_is_restored(box: Box) -> None:
    """Its directory held nothing but the options: the volume database has them too, and the engine keeps its labels."""
    options = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--label", "keep=yes")
    box.docker("volume", "create", *options, "scratch")
    box.power_loss()
    shutil.rmtree(box.data_root / "volumes/scratch")
    assert problems(box) == {"volume-dir-missing"}
    revive(box)
    assert box.docker("volume", "inspect", "-f", "{{.Labels.keep}} {{.Options.type}}", "scratch") == "yes tmpfs"
    assert problems(box) == {"volume-data-missing"}
    assert not (box.data_root / "volumes/scratch/_data").exists()
