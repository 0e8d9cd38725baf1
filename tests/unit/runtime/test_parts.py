"""The runtime's small parts: cgroup mounts and files, device rules, DNS messages, firewall rules, the entry program."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.runtime import cgroups, devices, entry, nat
from doctor.runtime.builtins import dns
from doctor.runtime.plan import Bridge, Limits, NetPlan, Publish
from doctor.runtime.values import Failure

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
    found = {h.mount: h for h in cgroups.hierarchies(MOUNTINFO)}
    assert set(found) == {f"/sys/fs/cgroup/{name}" for name in ("cpu,cpuacct", "memory", "unified")}
    both = found["/sys/fs/cgroup/cpu,cpuacct"]
    assert (both.version, both.controllers, both.options) == (1, ("cpu", "cpuacct"), "cpu,cpuacct")
    assert found["/sys/fs/cgroup/unified"].version == 2


def test_limits_of_version_2_are_written_where_the_kernel_reads_them(tmp_path: Path) -> None:
    """The files of a v2 group, on a plain directory that stands for the hierarchy."""
    base = tmp_path / cgroups.BASE
    group = base / "x"
    group.mkdir(parents=True)
    names = ("memory.max", "memory.swap.max", "cpu.max", "pids.max")
    for path in (
        *(group / name for name in names),
        tmp_path / "cgroup.subtree_control",
        base / "cgroup.subtree_control",
    ):
        path.touch()
    hierarchy = cgroups.Hierarchy(mount=str(tmp_path), version=2, controllers=("cpu", "memory", "pids"))
    made = cgroups.Group()
    made.devices_limited = True
    cgroups._limit_v2(made, hierarchy, str(group), Limits(memory_bytes=1 << 26, cpus=1.5, pids=10))
    assert [(group / name).read_text() for name in names] == [str(1 << 26), "0", "150000 100000", "10"]
    assert (base / "cgroup.subtree_control").read_text().startswith("+pids")  # a plain file keeps the longer rest


def test_a_limit_without_a_controller_is_a_failure() -> None:
    with pytest.raises(Failure, match="can't limit pids"):
        cgroups.create((), "x", Limits(pids=3))


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


def test_dns_question_and_answer() -> None:
    question = dns.query("example.com", "A", 7)
    assert question == b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01"
    reply = b"\0\x07\x81\x80\0\x01\0\x02\0\0\0\0" + question[12:]
    reply += (
        b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x04\x01x\xc0\x0c" + b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07"
    )
    assert dns.records(reply) == (
        0,
        [{"type": "CNAME", "value": "x.example.com"}, {"type": "A", "value": "192.0.2.7"}],
    )


@given(st.binary(max_size=80))
def test_any_dns_answer_is_read_or_refused(message: bytes) -> None:
    try:
        dns.records(message)
    except Failure:
        return


def test_a_looping_dns_name_is_refused() -> None:
    with pytest.raises(Failure, match="loops"):
        dns.records(b"\0\0\0\0\0\x01\0\0\0\0\0\0" + b"\xc0\x0c\0\0")


def test_firewall_rules_of_a_published_port() -> None:
    bridge = Bridge(name="br0", address="10.1.2.3/20", gateway="10.1.0.1")
    net = NetPlan(
        kind="bridge",
        bridge=bridge,
        masquerade=True,
        publish=(
            Publish(host_port=80, container_port=8080),
            Publish(host_port=53, container_port=53, protocol="udp", host_ip="192.0.2.1"),
        ),
    )
    lines = [f"{table} {chain} {' '.join(match)}" for table, chain, match in nat.rules(net, bridge)]
    assert (
        "nat PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 80 -j DNAT --to-destination 10.1.2.3:8080" in lines
    )
    assert "nat PREROUTING -d 192.0.2.1 -p udp --dport 53 -j DNAT --to-destination 10.1.2.3:53" in lines
    assert "nat POSTROUTING -s 10.1.0.0/20 ! -o br0 -j MASQUERADE" in lines
    assert "masquerade" in nat.nft_script("t", net, bridge)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_entry_program_is_one_small_executable_segment(machine: str) -> None:
    text = entry.program(machine)
    assert text[:7] == b"\x7fELF\x02\x01\x01"
    kind, number = struct.unpack_from("<HH", text, 16)
    start, headers = struct.unpack_from("<QQ", text, 24)
    flags, file_size = struct.unpack_from("<I", text, headers + 4)[0], struct.unpack_from("<Q", text, headers + 32)[0]
    assert (kind, number) == (2, {"x86_64": 62, "aarch64": 183}[machine])
    assert flags == 5  # readable and executable, never writable
    assert file_size == len(text)
    assert start == 0x400000 + headers + 56
