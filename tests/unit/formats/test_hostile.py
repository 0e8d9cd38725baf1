"""No file of a host, however broken, makes a parser raise anything but its own error, or take long."""

import contextlib
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats import json_safe, version
from doctor.formats.config import daemon_json, env_file, go_json, json_mend, unit_command, unit_file, words
from doctor.formats.databases import raft_log
from doctor.formats.firewall import iptables_save, nft_json
from doctor.formats.host import cdi, dpkg_status, mountinfo, os_release, program
from doctor.formats.kernel import kernel_config, modules, sysctl_conf
from doctor.formats.logging import json_log, last_line
from doctor.formats.network import ip_json, proc_net, resolv_conf
from doctor.formats.storage import thin_metadata
from doctor.model.errors import FormatError
from doctor.proof.tar import tar_pax
from tests.clocks import within
from tests.unit.salvage import thin

TEXTS: dict[str, tuple[Callable[[str], Any], str]] = {
    "cdi": (
        partial(cdi.parse, "/etc/cdi/x.yaml"),
        'kind: a.com/gpu\ndevices:\n- name: "0"\n  containerEdits:\n    deviceNodes:\n    - path: /dev/x\n      hostPath: /dev/y\n',
    ),
    "env_file": (env_file.parse, "# x\nOPTIONS='--log-driver=journald \\\n--debug'\nexport A=\"b\"\n"),
    "go_json": (go_json.first_error, '{"a": [1.5e3, true, null, "\\u00e9\\n"], "b": {}}'),
    "iptables": (
        iptables_save.parse,
        '*nat\n:DOCKER - [0:0]\n[1:2] -A DOCKER -i d0 -m comment --comment "x y" -j RETURN\nCOMMIT\n',
    ),
    "modules.dep": (modules.parse_dependencies, "kernel/fs/overlayfs/overlay.ko.xz: kernel/a/b.ko.xz\n"),
    "modules.builtin": (modules.parse_built_in, "kernel/fs/ext4/ext4.ko\n"),
    "modules": (modules.parse_loaded, "overlay 151552 0 - Live 0x0\n"),
    "modprobe.d": (modules.parse_rules, "install nf-nat /bin/true \\\n x\nblacklist a\n"),
    "mountinfo": (mountinfo.parse, r"36 35 98:0 /m1 /a\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue"),
    "os_release": (os_release.parse, 'ID=ubuntu\nID_LIKE="debian"\n'),
    "resolv_conf": (resolv_conf.parse, "nameserver 127.0.0.53\noptions edns0\nsearch lan\n# ExtServers: [a b]\n"),
    "sysctl": (sysctl_conf.parse, "a.b = 1\n-net/ipv4/conf/*/forwarding = 0\n"),
    "tcp": (
        lambda text: proc_net.parse_listeners(text, "tcp6"),
        "sl\n0: 00000000000000000000000001000000:1F90 0:0 0A 0:0 00:0 0 0 0 4711 1\n",
    ),
    "unit": (
        lambda text: unit_command.command(unit_file.merge([("u", text)]), {"e": text}),
        "[Service]\nEnvironmentFile=-e\nExecStart=/usr/bin/dockerd \\\n  -H fd:// $OPTIONS ${X}y\n",
    ),
    "version": (version.parse_kernel, "3.10.0-1160.6.1.el7.x86_64"),
    "words": (words.split, r"""a "b c" 'd' \x41\u00e9\101"""),
}
RAFT = b"".join(
    [
        *((4).to_bytes(8, "little"), b"\x08\x04\x10\x00"),
        *((8).to_bytes(8, "little"), b"\x08\x01\x10\x00\x1a\x02ab"),
    ]
)


def _thin(data: bytes) -> object:
    size = thin_metadata.BLOCK_BYTES
    found = thin_metadata.Metadata(lambda number: data[number * size : (number + 1) * size])
    return [list(found.mappings(device)) for device in found.devices().values()]


BYTES: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "daemon_json": (daemon_json.read, b'\xef\xbb\xbf{"log-opts": {"max-size": "10m"}, "debug": true}'),
    "dpkg": (
        lambda data: dpkg_status.find(data, ["runc"]),
        b"Package: runc\nStatus: install ok installed\nVersion: 1\n\n",
    ),
    "ip_json": (
        lambda data: [list(ip_json.addresses_of(link)) for link in ip_json.load(data)],
        b'[{"ifname": "br0", "addr_info": [{"family": "inet", "local": "10.0.0.1", "prefixlen": 24}]}]',
    ),
    "json_log": (json_log.damages, b'{"log":"a\\n","stream":"stdout","time":"t"}\n'),
    "json_mend": (json_mend.examine, b"{\n  // x\n  'a': 1,\n}"),
    "json_safe": (json_safe.load_first, b'{"a": [1, "\\ud800"]} x'),
    "last_line": (last_line.of_json_file, b'{"log":"a\\n","stream":"stdout","time":"t"}\n'),
    "last_line_local": (last_line.of_local, b"\0\0\0\x04\x1a\x02ab\0\0\0\x04"),
    "program": (
        program.parse,
        b"\x7fELF\x02\x01\x01" + bytes(25) + b"\x40" + bytes(21) + b"\x38\0\x01\0" + b"\x03" + bytes(60),
    ),
    "kernel_config": (kernel_config.parse, b"# Linux/x86_64 6.1.0 Kernel Configuration\nCONFIG_VETH=m\n"),
    "nft": (
        nft_json.parse,
        b'{"nftables": [{"chain": {"family": "ip", "hook": "forward", "prio": 0}}, {"rule": {"expr": [{"drop": null}]}}]}',
    ),
    "pax": (tar_pax.parse_records, b"19 path=some/name\n\n30 SCHILY.xattr.user.a=b\n"),
    "raft_log": (lambda data: raft_log.problem_of(data, sum_bytes=1 << 12), RAFT),
    "thin": (_thin, thin.metadata({1: {0: 0, 1: 1}, 2: {0: 1}})),
}


def damaged(data: bytes, seed: int) -> bytes:
    """A file as crashes and disks leave it: cut, with zeros, garbage, or parts of itself in its middle."""
    chance = random.Random(seed)
    start = chance.randrange(len(data) + 1)
    end = start + chance.randrange(1 + len(data) - start)
    middle = chance.choice(
        [b"", bytes(end - start), chance.randbytes(8), data[start:end] * 3, b"\xff\xfe", b"\xe2\x80\xa8"]
    )
    return data[:start] + middle + data[end:]


@pytest.mark.parametrize("name", TEXTS)
@given(st.text(max_size=60), st.integers(0, 2**32))
def test_text_parsers_raise_only_their_own_error(name: str, text: str, seed: int) -> None:
    parse, sample = TEXTS[name]
    parse(sample)
    for broken in (text, damaged(sample.encode(), seed).decode("utf-8", "surrogateescape")):
        with contextlib.suppress(FormatError):
            parse(broken)


@pytest.mark.parametrize("name", BYTES)
@given(st.binary(max_size=60), st.integers(0, 2**32))
def test_byte_parsers_raise_only_their_own_error(name: str, data: bytes, seed: int) -> None:
    parse, sample = BYTES[name]
    for broken in (data, damaged(sample, seed), sample):
        with contextlib.suppress(FormatError):
            parse(broken)


LONG = [
    "\0",
    "x",
    " ",
    "\n",
    "\\",
    '"',
    "'",
    "{",
    "[",
    "#",
    "/",
    "*",
    "=",
    ".",
    ",",
    "-a ",
    "a=\\\n",
    '"a":',
    "\ufeff",
    "~",
    "$X ",
]


@pytest.mark.parametrize("name", [*TEXTS, *BYTES])
def test_a_long_run_of_anything_is_read_in_linear_time(name: str) -> None:
    """60 kB of one thing repeated costs each parser less than seconds, also behind the start of its sample."""
    for piece in LONG:
        run = piece * (60_000 // len(piece))
        within(3, partial(_read_both, name, run), tries=2)


def _read_both(name: str, run: str) -> None:
    with contextlib.suppress(FormatError):
        if name in TEXTS:
            TEXTS[name][0](run)
        else:
            BYTES[name][0](run.encode())
    with contextlib.suppress(FormatError):
        if name in TEXTS:
            TEXTS[name][0](TEXTS[name][1][:20] + run)
        else:
            BYTES[name][0](BYTES[name][1][:20] + run.encode())
