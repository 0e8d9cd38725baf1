"""The settings of a bundle's config.json are visible inside the container: a case for each property of the specification."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live.runtime import runtime_kit as kit
from tests.unit.runtime.oci_carried import CARRIED, SAME_BY_DEFAULT
from tests.unit.runtime.oci_config import base, bind, changed, profile

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(kit.why_not()), reason=kit.why_not() or "-")]

V1_FILES = ("limit_in_bytes", "cfs_", "cpu.shares")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kit.make_root(tmp_path_factory.mktemp("bundle") / "root")


def run(where: Path, config: dict[str, Any], *options: str) -> subprocess.CompletedProcess[str]:
    (where / "config.json").write_text(json.dumps(config).replace("PROCESS", str(os.getpid())))
    return kit.run(*options, "--timeout", "15", "--bundle", where)


@pytest.mark.parametrize("name", CARRIED)
def test_it_is_carried_out(root: Path, tmp_path: Path, name: str) -> None:
    case = CARRIED[name]
    if any(part in case.script for part in V1_FILES) and not Path("/sys/fs/cgroup/memory").is_dir():
        pytest.skip("needs control groups of version 1")
    config = changed(base(str(root)), case.changes)
    config["process"]["args"] = ["sh", "-c", case.script]
    done = run(tmp_path, config)
    expected = case.expected.replace("HOSTNET", re.escape(os.readlink("/proc/self/ns/net")))
    assert re.search(expected, done.stdout.replace("\r", "").rstrip("\n"), re.MULTILINE), (done.stdout, done.stderr)


def test_without_a_bundle_s_fields_the_same_scripts_say_something_else(root: Path, tmp_path: Path) -> None:
    """The cases would prove nothing if a container showed the same without having been asked."""
    usual = {"mounts[].destination", "root.path", "process.args", "linux.namespaces", "linux.namespaces[].type"}
    same = []
    for name, case in CARRIED.items():
        if name in usual or any(part in case.script for part in V1_FILES):
            continue
        config = base(str(root))
        config["process"]["args"] = ["sh", "-c", case.script]
        seen = run(tmp_path, config).stdout.replace("\r", "").rstrip("\n")
        if re.search(case.expected, seen, re.MULTILINE):
            same.append(name)
    assert sorted(same) == sorted(SAME_BY_DEFAULT)


def test_the_root_of_a_bundle_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "rootfs").symlink_to("/")
    for path in ("rootfs", f"{tmp_path}/rootfs", "./rootfs/etc"):
        config = base(path)
        config["process"]["args"] = ["/bin/cat", "/etc/hostname"]
        done = run(tmp_path, config)
        assert done.returncode == 125
        assert "a link in the path points elsewhere" in done.stderr


def test_a_bind_from_the_bundle_may_not_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("/etc")
    done = run(tmp_path, changed(base(str(root)), bind(source="data")))
    assert done.returncode == 125
    assert "a link in the path points elsewhere" in done.stderr


def test_mounts_are_made_in_their_order(root: Path, tmp_path: Path) -> None:
    mounts = [
        {"destination": "/m", "type": "tmpfs", "options": ["size=1m"]},
        {"destination": "/m/etc", "type": "bind", "source": "/etc", "options": ["bind", "ro"]},
        {"destination": "/m/etc/apt", "type": "tmpfs", "options": ["nosuid"]},
    ]
    config = changed(base(str(root)), {"mounts+": mounts})
    config["process"]["args"] = ["sh", "-c", "ls -A /m /m/etc/apt; cat /m/etc/hostname >/dev/null && echo ok"]
    assert run(tmp_path, config).stdout.split() == ["/m:", "etc", "/m/etc/apt:", "ok"]


def test_a_plain_bind_leaves_out_what_is_mounted_beneath(root: Path, tmp_path: Path) -> None:
    config = changed(base(str(root)), bind(source="/", options=["bind", "ro"]))
    config["process"]["args"] = ["sh", "-c", "ls /m/proc | busybox wc -l"]
    assert run(tmp_path, config).stdout.strip() == "0"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86_64 has the second and third sets of numbers")
def test_other_architectures_numbers_do_not_pass_a_filter(root: Path, tmp_path: Path) -> None:
    """A 32-bit system call by int 0x80 where the profile lists the native architecture alone."""
    source = tmp_path / "x.s"
    source.write_text(".globl _start\n_start: mov $20,%eax\nint $0x80\nmov $60,%eax\nmov $7,%edi\nsyscall\n")
    built = subprocess.run(
        ["sh", "-c", "as x.s -o x.o && ld x.o -o x"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if built.returncode != 0:
        pytest.skip(f"no assembler here: {built.stderr}")
    (root / "x").write_bytes((tmp_path / "x").read_bytes())
    (root / "x").chmod(0o755)
    config = changed(base(str(root)), profile())
    config["process"]["args"] = ["/x"]
    assert run(tmp_path, config).returncode == 128 + 31
    config["linux"]["seccomp"]["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
    assert run(tmp_path, config).returncode == 7
