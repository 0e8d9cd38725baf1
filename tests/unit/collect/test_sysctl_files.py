"""Which line decides a setting, for each program that applies the files; checked against procps' own ``sysctl``."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from doctor.checks.network.forwarding.ip_forward_off import ip_forward_off

from doctor.api.actions.sysctl import persist_sysctl
from doctor.collect.kernel.sysctl import sysctl_files
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.sysctl import Sysctl, SysctlFiles
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.model.missing import Missing, Why

KEY = "net.ipv4.ip_forward"


def files(top: Path, **content: str) -> SysctlFiles:
    """A tree with these files: ``etc__a`` is /etc/sysctl.d/a.conf, ``legacy`` is /etc/sysctl.conf."""
    for name, text in content.items():
        where, _, base = name.partition("__")
        path = "etc/sysctl.conf" if name == "legacy" else f"{where.replace('_', '/')}/sysctl.d/{base}.conf"
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return sysctl_files(RootHost(str(top)))


def test_a_file_of_etc_masks_one_of_usr(tmp_path: Path) -> None:
    found = files(tmp_path, usr_lib__50a=f"{KEY}=0\n", etc__50a="# nothing\n").last_setter(KEY)
    assert found is None


def test_a_later_name_wins_over_a_more_important_directory(tmp_path: Path) -> None:
    found = files(tmp_path, usr_lib__90z=f"{KEY}=1\n", etc__10a=f"{KEY}=0\n").last_setter(KEY)
    assert found is not None
    assert (found.file, found.value) == ("/usr/lib/sysctl.d/90z.conf", "1")


@pytest.mark.parametrize(
    "content",
    [
        {"legacy": f"{KEY} = 0\n"},
        {"etc__99x": f"{KEY}=0\n", "legacy": f"{KEY} = 0\n"},
        {"usr_lib__zzz": f"{KEY}=0\n"},
        {"usr_lib__50": "net.ipv4.ip_*=0\n"},
        {"etc__zz": f"{KEY}=0\n", "usr_lib__50": f"{KEY}=1\n"},
        {"run__50": "net/ipv4/ip_forward=0"},
        {},
    ],
)
def test_after_the_edits_every_program_ends_with_the_value(tmp_path: Path, content: dict[str, str]) -> None:
    """Whatever the files say before."""
    before = files(tmp_path, **content)
    overlay = OverlayHost(RootHost(str(tmp_path)))
    for action in persist_sysctl(KEY, "1", before):
        for step in action.steps(overlay):
            overlay.apply(step)
    after = sysctl_files(overlay)
    assert after.deciders(KEY)
    assert {setter.value for _, setter in after.deciders(KEY)} == {"1"}


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("sysctl"), reason="needs root and procps")
def test_procps_agrees(tmp_path: Path) -> None:
    """The real ``sysctl --system`` in a network namespace of its own ends with the value that the fact names."""
    etc = {
        "a/10-x.conf": f"{KEY}=0\n",
        "a/20-y.conf": f"{KEY}=1\n",
        "b/30-z.conf": f"{KEY}=0\n",
        "b/20-y.conf": f"{KEY}=0\n",
    }
    for name, text in etc.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "sysctl.conf").write_text("# empty\n")
    script = (
        f"mount --bind {tmp_path}/a /etc/sysctl.d; mount --bind {tmp_path}/b /usr/lib/sysctl.d; "
        f"[ -e /etc/sysctl.conf ] && mount --bind {tmp_path}/sysctl.conf /etc/sysctl.conf; "
        "sysctl --system >/dev/null 2>&1; cat /proc/sys/net/ipv4/ip_forward"
    )
    done = subprocess.run(["unshare", "-m", "-n", "sh", "-c", script], capture_output=True, text=True, check=True)
    found = files(
        tmp_path / "tree",
        etc__10x=f"{KEY}=0\n",
        etc__20y=f"{KEY}=1\n",
        usr_lib__20y=f"{KEY}=0\n",
        usr_lib__30z=f"{KEY}=0\n",
    )
    setter = found.last_setter(KEY)
    assert setter is not None
    assert done.stdout.strip() == setter.value == "0"


def test_an_engine_that_may_not_be_asked_is_not_said_to_be_down() -> None:
    """Without root the socket is closed: "is not running" would be made up."""
    denied = Missing(Why.DENIED, "/var/run/docker.sock: permission denied")
    [found] = ip_forward_off(Sysctl(values={"net.ipv4.ip_forward": "0"}), denied, EngineConfig(), denied, denied)
    assert [evidence.source for evidence in found.evidence] == ["/proc/sys/net/ipv4/ip_forward"]
