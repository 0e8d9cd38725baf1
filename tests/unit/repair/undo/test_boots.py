"""An undo after a boot: files are restored, what the kernel kept until then is left alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.host.recorded import RootHost
from doctor.model.step import File, KernelValue, Netlink, Put, Run
from doctor.plugins.catalog import Catalog
from doctor.repair.apply import apply
from doctor.repair.undo import boots, undo
from tests.unit.repair.test_undo import record


@pytest.mark.parametrize("boot", ["of now", "of then"])
def test_rules_of_another_boot_are_left_alone(
    boot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet: Callable[[str], None]
) -> None:
    """The engine has made its own rules at its start: a removal by the undo would take them."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(boots, "this_boot", lambda: "of now")
    top = tmp_path / "host"
    top.mkdir()
    # A program of the kernel's that only notes that it ran.
    program = tmp_path / "iptables-restore"
    program.write_text(f'#!/bin/sh\necho "$1" >>{tmp_path}/ran\n')
    program.chmod(0o755)
    steps = [Put(path="/a", node=File(content=b"x")), Run(argv=(str(program), "add"), undo=((str(program), "remove"),))]
    plan = replace(record(steps, str(top)), boot=boot)
    host = RootHost(str(top))
    assert not apply(plan, host, Catalog(), prove=lambda _: (), progress=quiet).error
    assert bool(boots.ended(plan)) == (boot == "of then")
    run = undo.choose("")
    assert undo.undo(run, undo.prepare(run, host), progress=quiet).half_done == ()
    assert not (top / "a").exists()
    assert (tmp_path / "ran").read_text().split() == (["add"] if boot == "of then" else ["add", "remove"])


def test_only_steps_of_the_kernel_end_with_a_boot() -> None:
    over = (
        KernelValue(path="/proc/sys/net/ipv4/ip_forward", value="1"),
        Netlink(do=("route", "add", {})),
        *(Run(argv=(name,)) for name in ("/usr/sbin/iptables-nft-restore", "ip6tables-restore", "nft", "nsenter")),
    )
    assert all(boots.is_of_kernel(step) for step in over)
    kept = (Put(path="/a", node=File(content=b"")), Run(argv=("systemctl",)), Run(argv=("iptables2",)))
    assert not any(boots.is_of_kernel(step) for step in kept)
