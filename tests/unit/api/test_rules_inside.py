"""A change of rules in a container is done in the namespace that was read, and nowhere else."""

import os
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.api.actions.firewall.inside import InContainer
from doctor.api.actions.firewall.iptables import EditFirewall
from doctor.api.actions.firewall.nft_rules import DeleteNftRule
from doctor.facts.path.ends.details import ContainerPlace
from doctor.formats.firewall.iptables_edit import ChainEdit
from doctor.host.base import CommandResult
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.step import Run

ENTER = ("nsenter", "--net=/proc/900/ns/net")
LIST = (*ENTER, "nft", "-a", "list", "chain", "ip", "own", "c")
SAVE = (*ENTER, "iptables-nft-save")
LISTED = b"""table ip own {
	chain c { # handle 1
		type filter hook output priority filter; policy accept;
		ip daddr 192.0.2.1 accept # handle 3
		ip daddr 192.0.2.2 drop # handle 4
	}
}
"""
SAVED = b"*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j ACCEPT\n-A OUTPUT -p udp -j DROP\nCOMMIT\n"
PLACE = ContainerPlace(container="web", pid=900, inode=4026532900)
OF_NFT = DeleteNftRule(family="ip", table="own", chain="c", handle=4, text="ip daddr 192.0.2.2 drop")
OF_IPTABLES = EditFirewall(
    save=("iptables-nft-save",),
    restore="iptables-nft-restore",
    table="filter",
    edits=(ChainEdit(chain="OUTPUT", remove=("-A OUTPUT -p udp -j DROP",)),),
    what="remove a rule",
)


@pytest.fixture
def host(tmp_path: Path) -> OverlayHost:
    """A host with rules in a container, and none of its own."""
    commands = {LIST: CommandResult(0, LISTED, b""), SAVE: CommandResult(0, SAVED, b"")}
    return OverlayHost(RootHost(str(tmp_path), RecordedAnswers(live=True, commands=commands)))


def _step(host: OverlayHost, action: DeleteNftRule | EditFirewall, place: ContainerPlace = PLACE) -> Run:
    (step,) = InContainer(place=place, action=action).steps(host)
    assert isinstance(step, Run)
    return step


def test_a_rule_of_nft_is_deleted_there(host: OverlayHost) -> None:
    """The command, its undo and the prediction name the container's namespace."""
    step = _step(host, OF_NFT)
    assert step.argv[4:] == ("900", "4026532900", "1", "nft", "delete", "rule", "ip", "own", "c", "handle", "4")
    assert step.undo_stdin == (b"add rule ip own c index 0 ip daddr 192.0.2.2 drop\n",)
    host.apply(step)
    assert b"192.0.2.2" not in host.run(LIST).stdout


def test_a_rule_of_iptables_is_deleted_there(host: OverlayHost) -> None:
    """The same action as on the host, with the container's listing."""
    step = _step(host, OF_IPTABLES)
    assert "iptables-nft-restore" in step.argv
    assert any(b"-I OUTPUT 2 -p udp -j DROP" in text for text in step.undo_stdin)
    host.apply(step)
    assert b"udp" not in host.run(SAVE).stdout


def test_another_namespace_is_left_alone(host: OverlayHost) -> None:
    """The number of the process is used again: the change fails, and an undo has nothing left to do."""
    place = replace(PLACE, pid=os.getpid(), inode=1)
    commands = {(ENTER[0], f"--net=/proc/{place.pid}/ns/net", *LIST[2:]): CommandResult(0, LISTED, b"")}
    step = _step(OverlayHost(RootHost(host.base.root, RecordedAnswers(live=True, commands=commands))), OF_NFT, place)
    done = subprocess.run(step.argv, capture_output=True, check=False)
    assert (done.returncode, b"another network namespace" in done.stderr) == (1, True)
    assert subprocess.run(step.undo[0], capture_output=True, check=False).returncode == 0


def test_a_number_is_checked_before_a_rule_is_deleted_by_it(tmp_path: Path) -> None:
    """Against programs that print and load rules: another rule at that number is left alone, and an undo does not double a rule."""
    rule = "-A OUTPUT -m recent --set -j DROP"
    saved = tmp_path / "rules"
    saved.write_text(f"*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j ACCEPT\n{rule}\nCOMMIT\n")
    loaded = tmp_path / "loaded"
    for name, script in (("save", f"cat {saved}"), ("restore", f"cat >{loaded}")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    action = replace(
        OF_IPTABLES,
        save=(str(tmp_path / "save"),),
        restore=str(tmp_path / "restore"),
        edits=(ChainEdit(chain="OUTPUT", remove=(rule,)),),
    )
    commands = {action.save: CommandResult(0, saved.read_bytes(), b"")}
    (step,) = action.steps(OverlayHost(RootHost(str(tmp_path), RecordedAnswers(live=True, commands=commands))))
    assert isinstance(step, Run)
    undo = [(step.undo[0], step.undo_stdin[0])]
    for argv, stdin in undo:
        subprocess.run(argv, input=stdin, check=True)
    assert not loaded.exists()
    subprocess.run(step.argv, input=step.stdin, check=True)
    assert b"-D OUTPUT 2\n" in loaded.read_bytes()
    saved.write_text(saved.read_text().replace("-A OUTPUT -p tcp -j ACCEPT\n", ""))
    loaded.unlink()
    assert subprocess.run(step.argv, input=step.stdin, capture_output=True, check=False).returncode == 1
    assert not loaded.exists()
    saved.write_text("*filter\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n")
    for argv, stdin in undo:
        subprocess.run(argv, input=stdin, check=True)
    assert b"-I OUTPUT 2 -m recent --set -j DROP\n" in loaded.read_bytes()
