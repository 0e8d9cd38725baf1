"""Faults that stop dockerd and were once left to the user: it refuses, is repaired, and starts."""

from collections.abc import Callable

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import SandboxError

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

OPTIONS = "/etc/default/docker"
SETTINGS = "/etc/docker/daemon.json"


def flag(text: str) -> Callable[[Box], None]:
    """A flag of the init script's options."""
    return lambda box: box.write(OPTIONS, f'DOCKER_OPTS="{text}"\n')


def misspelt_file(box: Box) -> None:
    """The settings file is beside the place that the flag names."""
    box.write("/srv/engine/daemon.json", '{"debug": true}\n')
    flag("--config-file=/srv/engine/deamon.json")(box)


def disk_away(box: Box) -> None:
    """The data root's disk is in fstab and not mounted; nothing was written beneath it."""
    box.write("/etc/fstab", "tmpfs /srv/engine tmpfs defaults 0 0\n")
    box.write(SETTINGS, '{"data-root": "/srv/engine"}\n')
    box.run(["mkdir", "-p", "/srv/engine"])


def read_only(box: Box) -> None:
    """Somebody made the data root's mount read-only."""
    box.write(SETTINGS, '{"data-root": "/srv/engine"}\n')
    box.run(
        ["sh", "-c", "mkdir -p /srv/engine && mount -t tmpfs tmpfs /srv/engine && mount -o remount,bind,ro /srv/engine"]
    )


FAULTS: tuple[tuple[str, Callable[[Box], None], tuple[str, ...]], ...] = (
    ("misspelt flag", flag("--log-drver=json-file"), ()),
    ("misspelt settings file", misspelt_file, ()),
    ("no settings file", flag("--config-file=/srv/gone.json"), ("config/file-missing:/srv/gone.json=no-flag",)),
    ("directory as settings file", lambda box: box.run(["mkdir", "-p", SETTINGS]), ()),
    ("disk not mounted", disk_away, ()),
    ("read-only mount", read_only, ("storage/data-root-readonly:/srv/engine=writable",)),
)
CLEAN = f"while umount -l /srv/engine 2>/dev/null; do :; done; rm -rf {SETTINGS} {OPTIONS} /etc/fstab /srv/*"


def test_each_is_repaired_and_the_engine_starts(box: Box) -> None:
    """One box for all: what one leaves is removed before the next."""
    box.stop_dockerd()
    for name, make, answers in FAULTS:
        box.run(["sh", "-c", CLEAN])
        make(box)
        if make is not disk_away:  # that one starts, and shows no images
            with pytest.raises(SandboxError):
                box.start_dockerd(settings=True, timeout=5)
        chosen = [word for answer in answers for word in ("--choose", answer)]
        done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", *chosen)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        assert box.engine_answers(), name
        if make in {disk_away, read_only}:
            shown = box.run(["grep", " /srv/engine ", "/proc/self/mountinfo"])
            assert " rw" in shown.stdout, name
        box.stop_dockerd()
