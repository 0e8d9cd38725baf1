"""The kernel's log: real lines of several kernels are events, hostile ones are not, and any size costs little."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.kernel.log import WORDS, KernelEvent, events_of
from doctor.formats.kernel.kernel_log import lines_with

ID = "4f" * 32
NOW = 100_000.0
REAL = [
    ("oom", f"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={ID},mems_allowed=0,oom_memcg=/docker/{ID},task_memcg=/docker/{ID}/a,b,task=python,pid=8155,uid=0"),
    ("oom", "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/user.slice,task=stress,pid=1,uid=1000"),
    ("io", "blk_update_request: I/O error, dev sda, sector 123456 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 0"),
    ("io", "blk_update_request: I/O error, dev sda, sector 123456"),
    ("io", "critical medium error, dev nvme0n1, sector 8 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2"),
    ("io", "critical space allocation error, dev dm-3, sector 8 op 0x1:(WRITE) flags 0x0"),
    ("io", "Buffer I/O error on dev dm-0, logical block 0, lost async page write"),
    ("file-system", "EXT4-fs error (device dm-1): ext4_find_entry:1455: inode #2: comm dockerd: reading directory lblock 0"),
    ("file-system", "EXT4-fs error (device sda1) in ext4_reserve_inode_write:5700: IO failure"),
    ("file-system", "EXT4-fs (sda1): Remounting filesystem read-only"),
    ("file-system", "XFS (sdb1): Metadata corruption detected at xfs_agi_verify+0x1, xfs_agi block 0x2"),
    ("file-system", "XFS (sdb1): Filesystem has been shut down due to log error (0x2)."),
    ("file-system", "XFS (dm-2): xfs_do_force_shutdown(0x2) called from line 1211 of file fs/xfs/xfs_log.c."),
    ("file-system", "BTRFS error (device sdb1): parent transid verify failed on 30 wanted 10 found 9"),
    ("file-system", "BTRFS: error (device sdb1 state EA) in btrfs_commit_transaction:2353: errno=-5 IO failure"),
    ("hung", "INFO: task kworker/u8:3:99 blocked for more than 120 seconds."),
    ("conntrack", "nf_conntrack: nf_conntrack: table full, dropping packet"),
    ("conntrack", "nf_conntrack: nf_conntrack: table full in netns 4026531840, dropping packet"),
    ("neighbours", "neighbour: arp_cache: neighbor table overflow!"),
    ("own-address", "docker0: received packet on veth1 with own address as source address (addr:02:42:ac:11:00:02, vlan:0)"),
    ("own-address", "br-0a1b2c3d4e5f: received packet on veth1 with own address as source address"),
    ("release", "unregister_netdevice: waiting for lo to become free. Usage count = 2"),
    ("fork", f"cgroup: fork rejected by pids controller in /system.slice/docker-{ID}.scope"),
]  # fmt: skip
"""Lines as kernels from 4.19 to 6.18 write them."""


def events(*texts: str, head: str = "<3>[99999.000001]") -> tuple[KernelEvent, ...]:
    """The events in a log of these lines."""
    raw = "".join(f"{head} {text}\n" for text in texts).encode()
    return events_of(lines_with(raw, WORDS), NOW)


@pytest.mark.parametrize(("kind", "text"), [pytest.param(*one, id=one[1][:40]) for one in REAL])
def test_a_real_line_is_an_event(kind: str, text: str) -> None:
    """Also with the caller's field of CONFIG_PRINTK_CALLER; each event of a thing names it."""
    for head in ("<3>[99999.000001]", "<6>[    9.000001][    T7]", "<0>[99999.000001][  C1]"):
        (event,) = events(text, head=head)
        assert event.kind == kind
        assert event.subject or kind == "conntrack"
    assert events(text, head="<12>[99999.000001]") == (), "a program wrote it to /dev/kmsg"
    assert events(f"said: {text}") == (), "a quote in another line"


@pytest.mark.parametrize(
    "name",
    ["a,pid=1,uid=0", ",task_memcg=/x", "global_oom", "oom_memcg=/a,b", "\x1b[31m\u202e", "x y", "a:b:c", "=,=,="],
)
def test_a_name_changes_no_container(name: str) -> None:
    """A process chooses its name; the control groups are those that the kernel wrote."""
    head = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0"
    (event,) = events(f"{head},oom_memcg=/docker/{ID},task_memcg=/docker/{ID},task={name},pid=7,uid=0")
    assert (event.limited, event.name) == (f"/docker/{ID}", name)
    assert event.subject == f"/docker/{ID}"
    (hung,) = events(f"INFO: task {name}:77 blocked for more than 120 seconds.")
    assert (hung.subject, hung.name) == ("77", name)


def test_the_limit_is_that_of_the_same_report() -> None:
    """The report of a kill has it before the kill; a kill without one has none."""
    kill = REAL[0][1]
    found = events("memory: usage 24576kB, limit 24576kB, failcnt 18", kill, kill)
    assert [event.limit_bytes for event in found] == [24576 * 1024, 0]


@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw: bytes) -> None:
    """Nothing in a log raises."""
    for word in (b"", *WORDS):
        events_of(lines_with(b"<3>[1.1] " + word + raw, WORDS), NOW)


@pytest.mark.parametrize(
    "raw",
    [
        b"<3>[1.000001] oom-kill:" + b",task_memcg=" * 300_000,
        (
            b"<3>[1.000001] oom-kill:constraint=CONSTRAINT_A,nodemask=,cpuset="
            + b",mems_allowed=,oom_memcg=a,task_memcg=b,task=,pid=1" * 20
            + b"\n"
        )
        * 5000,
        b"<3>[1.000001] I/O error on dev " * 130_000,
        b"table full\n" * 380_000,
        (b"<3>[1.000001] INFO: task " + b"1: blocked for more than 1" * 30 + b"\n") * 5000,
    ],
    ids=["one-line", "many-kills", "no-line-break", "no-head", "many-hung"],
)
def test_four_mebibytes_of_hostile_lines_cost_little(raw: bytes) -> None:
    """That is the most which is read of any ring buffer."""
    begin = time.process_time()
    found = events_of(lines_with(raw[: 4 << 20], WORDS), NOW)
    assert time.process_time() - begin < 2.5
    assert len(found) <= 500
