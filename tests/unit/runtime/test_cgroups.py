"""Control groups: the hierarchies of a host, limits, device rules."""

import struct
from pathlib import Path

import pytest

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.cgroups import devices, groups, limits
from doctor.runtime.plan.container import Limits

MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,xattr,name=systemd
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:12 - cgroup cgroup rw,memory
34 30 0:30 / /sys/fs/cgroup/freezer rw,nosuid shared:13 - cgroup cgroup rw,freezer
35 30 0:31 / /sys/fs/cgroup/unified rw,nosuid shared:14 - cgroup2 cgroup2 rw,nsdelegate
"""


def test_hierarchies_of_a_hybrid_host() -> None:
    found = {h.mount: h for h in groups.hierarchies(MOUNTINFO)}
    assert set(found) == {f"/sys/fs/cgroup/{name}" for name in ("cpu,cpuacct", "memory", "unified")}
    both = found["/sys/fs/cgroup/cpu,cpuacct"]
    assert (both.version, both.controllers, both.options) == (1, ("cpu", "cpuacct"), "cpu,cpuacct")
    assert found["/sys/fs/cgroup/unified"].version == 2


def test_limits_of_version_2_are_written_where_the_kernel_reads_them(tmp_path: Path) -> None:
    """The files of a v2 group, on a plain directory that stands for the hierarchy."""
    base = tmp_path / groups.BASE
    group = base / "x"
    group.mkdir(parents=True)
    names = ("memory.max", "memory.swap.max", "cpu.max", "pids.max")
    for path in (
        *(group / name for name in names),
        tmp_path / "cgroup.subtree_control",
        base / "cgroup.subtree_control",
    ):
        path.touch()
    wanted = Limits(memory_bytes=1 << 26, cpus=1.5, pids=10)
    limits.write_v2(str(group), str(tmp_path), ("cpu", "memory", "pids"), wanted)
    assert [(group / name).read_text() for name in names] == [str(1 << 26), "0", "150000 100000", "10"]
    assert (base / "cgroup.subtree_control").read_text().startswith("+pids")  # a plain file keeps the longer rest


def test_a_limit_without_a_controller_is_a_failure() -> None:
    with pytest.raises(LaunchError, match="can't limit pids"):
        groups.create((), "x", Limits(pids=3))


def allowed(program: bytes, kind: int, access: int, major: int, minor: int) -> bool:
    """Run the eBPF that `v2_program` makes: loads, moves, shifts, masks, jumps, exit."""
    context = struct.pack("<III", access << 16 | kind, major, minor)
    registers, place = [0] * 10, 0
    while True:
        code, pair, offset, value = struct.unpack_from("<BBhi", program, place * 8)
        dst, src = pair & 15, pair >> 4
        place += 1
        match code:
            case 0x61:
                registers[dst] = struct.unpack_from("<I", context, offset)[0]
            case 0xBC:
                registers[dst] = registers[src]
            case 0x74:
                registers[dst] >>= value
            case 0x54:
                registers[dst] &= value
            case 0x55:
                place += offset if registers[dst] != value else 0
            case 0x45:
                place += offset if registers[dst] & value else 0
            case 0xB4:
                registers[dst] = value
            case 0x95:
                return bool(registers[0])
            case _:
                raise AssertionError(f"unexpected instruction {code:#x}")


@pytest.mark.parametrize(
    ("kind", "access", "major", "minor", "may"),
    [
        (2, 6, 1, 3, True),  # read and write /dev/null
        (2, 6, 1, 1, False),  # /dev/mem
        (2, 1, 1, 1, True),  # mknod of anything
        (2, 3, 1, 1, False),  # mknod and read is not mknod
        (1, 1, 8, 0, True),
        (1, 2, 8, 0, False),  # read a disk
        (1, 2, 1, 3, False),  # a block device with null's number
        (2, 7, 136, 99, True),  # a pseudo-terminal
        (2, 2, 10, 200, False),  # tun
    ],
)
def test_device_program(kind: int, access: int, major: int, minor: int, may: bool) -> None:
    assert allowed(devices.v2_program(), kind, access, major, minor) is may


def test_device_lines_of_version_1() -> None:
    assert devices.v1_lines()[:3] == ["c *:* m", "b *:* m", "c 1:3 rwm"]
