"""How fast the bundled runtime launches, beside `runc run` and `crun run` with the same isolation, in one run.

    sudo python benchmarks/launch.py [ROUNDS]

Interleaved: each round launches one container with each. Wall time, CPU of the launcher's whole process tree, and its
greatest resident set. Isolation as Docker's default: new pid, mount, uts, ipc and net namespaces, pivot_root, fourteen
capabilities, Docker's seccomp profile, masked and read-only paths, memory and pids limits, device rules. Everything
happens in a private mount namespace, where a hybrid host's v2 hierarchy is hidden from crun, which refuses it. The one
difference: ours makes groups only in the hierarchies that limit or count (memory, cpu, cpuacct, pids, devices), runc and
crun in every one. The batch runs two at a time, as the probes do. Ours is what a user gets: `doctor-runtime` of a wheel that is
built and installed for the measurement, with options and with the same bundle as the others.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNTIME = HERE.parent / "doctor" / "runtime"
BARS = {
    "wall": 0.6,
    "cpu": 0.45,
    "bundle_wall": 0.6,
    "bundle_cpu": 0.45,
    "rss_mib": 12.0,
    "batch_wall_of_crun": 0.5,
    "batch_cpu_of_crun": 1.0,
}
MEMORY, PIDS = 64 << 20, 100
CAPS = "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"


def root_in(base: Path) -> Path:
    """A root file system of a static busybox."""
    root = base / "root"
    for name in ("bin", "proc", "sys", "dev", "etc", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy("/usr/bin/busybox", root / "bin" / "busybox")
    (root / "bin" / "true").symlink_to("busybox")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    return root


def bundle_in(base: Path, root: Path) -> Path:
    """An OCI bundle with the isolation that `docker run` asks for."""
    bundle = base / "bundle"
    bundle.mkdir()
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    config = json.loads((bundle / "config.json").read_text())
    caps = [f"CAP_{name}" for name in [*CAPS.split(), "AUDIT_WRITE"]]
    config["root"] = {"path": str(root), "readonly": False}
    config["process"] |= {"terminal": False, "args": ["/bin/true"], "rlimits": []}
    config["process"]["capabilities"] = dict.fromkeys(("bounding", "effective", "permitted"), caps)
    rows = [line.split("\t") for line in (RUNTIME / "seccomp" / "syscalls.tsv").read_text().splitlines()[1:]]
    allowed = [row[0] for row in rows if row[1] == "allow"]
    linux = config["linux"]
    linux["resources"] |= {"memory": {"limit": MEMORY}, "pids": {"limit": PIDS}}
    linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        "syscalls": [
            {"names": allowed, "action": "SCMP_ACT_ALLOW"},
            {
                "names": ["clone"],
                "action": "SCMP_ACT_ALLOW",
                "args": [{"index": 0, "value": 0x7E020000, "op": "SCMP_CMP_MASKED_EQ"}],
            },
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        ],
    }
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def installed_in(base: Path, python: str) -> str:
    """The command of a fresh environment that the wheel of this tree was installed into, as an installer does it."""
    subprocess.run(
        [python, "-m", "hatchling", "build", "-t", "wheel", "-d", str(base)],
        check=True,
        cwd=HERE.parent,
        stdout=subprocess.DEVNULL,
    )
    # Of the interpreter itself: an environment made from another one would stand behind two.
    subprocess.run([os.path.realpath(python), "-m", "venv", str(base / "venv")], check=True, stdout=subprocess.DEVNULL)
    pip = [str(base / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *map(str, base.glob("*.whl"))], check=True, stdout=subprocess.DEVNULL)
    return str(base / "venv/bin/doctor-runtime")


class Figures:
    """The cost of one launcher, round by round."""

    def __init__(self) -> None:
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []
        self.argv: list[str] = []
        self.stdin = b""

    def add(self, argv: list[str], stdin: bytes = b"", *, per: int = 1) -> None:
        """Launch once; `per` is how many containers that makes."""
        read, write = os.pipe()
        os.write(write, stdin)
        os.close(write)
        null = os.open(os.devnull, os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, source, number) for number, source in enumerate((read, null, 2))]
        began = time.monotonic()
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - began
        os.close(read)
        os.close(null)
        if status:
            raise SystemExit(f"{' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")
        self.wall_ms.append(wall * 1000 / per)
        self.cpu_ms.append((usage.ru_utime + usage.ru_stime) * 1000 / per)
        self.argv, self.stdin = argv, stdin

    def rss_mib(self) -> float:
        """Greatest resident set of one more launch, from a small parent: rusage counts what a fork inherits, too."""
        argv = ["busybox", "time", "-f", "%M", *self.argv]
        said = subprocess.run(argv, input=self.stdin, capture_output=True, check=True).stderr
        return int(said.split()[-1]) / 1024

    def row(self, name: str, runc: "Figures") -> str:
        """One line of the table."""
        wall, cpu = statistics.median(self.wall_ms), statistics.mean(self.cpu_ms)
        return (
            f"{name:28} {wall:8.1f} {cpu:8.1f} {self.rss_mib():8.1f} "
            f"{wall / statistics.median(runc.wall_ms):8.2f} {cpu / statistics.mean(runc.cpu_ms):8.2f}"
        )


def _add(figures: Figures, argv: list[str], stdin: bytes = b"", per: int = 1) -> None:
    figures.add(argv, stdin, per=per)


def launchers(root: Path, bundle: Path, python: str) -> dict[str, Callable[[Figures], None]]:
    """How each contestant is launched."""
    ours = [installed_in(bundle.parent, python)]
    limits = ["--memory", str(MEMORY), "--pids", str(PIDS)]
    spec = {"rootfs": str(root), "command": ["/bin/true"], "memory_bytes": MEMORY, "pids": PIDS}
    ten = json.dumps({"parallel": 2, "containers": [spec | {"id": f"b{n}"} for n in range(10)]}).encode()
    found: dict[str, Callable[[Figures], None]] = {}
    for name in ("runc", "crun"):
        if path := shutil.which(name):
            argv = [path, "run", "-b", str(bundle), f"doctor-bench-{os.getpid()}"]
            found[f"{name} run"] = partial(_add, argv=argv)
    found["doctor-runtime run"] = partial(_add, argv=[*ours, "run", *limits, str(root), "--", "/bin/true"])
    found["doctor-runtime run --bundle"] = partial(_add, argv=[*ours, "run", "--bundle", str(bundle)])
    found["doctor-runtime batch, of ten"] = partial(_add, argv=[*ours, "batch"], stdin=ten, per=10)
    found["python -I -S -E -c pass"] = partial(_add, argv=[python, "-I", "-S", "-E", "-c", "pass"])
    return found


def verdict(figures: dict[str, Figures]) -> int:
    """Print each bar with what was reached; how many were missed."""
    runc, ours = figures["runc run"], figures["doctor-runtime run"]
    bundle = figures["doctor-runtime run --bundle"]
    reached = {
        "bundle_wall": statistics.median(bundle.wall_ms) / statistics.median(runc.wall_ms),
        "bundle_cpu": statistics.mean(bundle.cpu_ms) / statistics.mean(runc.cpu_ms),
        "wall": statistics.median(ours.wall_ms) / statistics.median(runc.wall_ms),
        "cpu": statistics.mean(ours.cpu_ms) / statistics.mean(runc.cpu_ms),
        "rss_mib": ours.rss_mib(),
    }
    if "crun run" in figures:
        crun, batch = figures["crun run"], figures["doctor-runtime batch, of ten"]
        reached["batch_wall_of_crun"] = statistics.median(batch.wall_ms) / statistics.median(crun.wall_ms)
        reached["batch_cpu_of_crun"] = statistics.mean(batch.cpu_ms) / statistics.mean(crun.cpu_ms)
    missed = [name for name, value in reached.items() if value > BARS[name]]
    for name, value in reached.items():
        print(f"{name:20} {value:6.2f}  bar {BARS[name]:5.2f}  {'MISSED' if name in missed else 'held'}")
    return len(missed)


def inside(rounds: int) -> int:
    """The measurement, in the private namespace."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    unified = Path("/sys/fs/cgroup/unified")
    if unified.is_dir():
        subprocess.run(["umount", "-l", str(unified)], check=False)
    base = Path(tempfile.mkdtemp(prefix="doctor-launch-"))
    try:
        root = root_in(base)
        contestants = launchers(root, bundle_in(base, root), sys.executable)
        figures = {name: Figures() for name in contestants}
        for launch in contestants.values():
            launch(Figures())
        for _ in range(rounds):
            for name, launch in contestants.items():
                launch(figures[name])
        print(f"{rounds} rounds      wall ms (median)  CPU ms  RSS MiB   ÷ runc wall, CPU")
        for name, found in figures.items():
            print(found.row(name, figures["runc run"]))
        return verdict(figures)
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    if os.geteuid() != 0:
        raise SystemExit("needs root: it makes containers")
    if os.environ.get("DOCTOR_BENCH_INSIDE") != "1":
        command = ["unshare", "--mount", "--net", sys.executable, __file__, *sys.argv[1:]]
        raise SystemExit(
            subprocess.run(command, env={**os.environ, "DOCTOR_BENCH_INSIDE": "1"}, check=False).returncode
        )
    raise SystemExit(inside(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
