"""Compiles the static interpreter of one architecture: three libraries, CPython, the extensions, and ``main``."""

import hashlib
import lzma
import os
import re
import shutil
import sysconfig
import tarfile
from pathlib import Path

from onefile.fetch import HERE, python, run

PROFILE = HERE / "python.profdata.xz"
"""How often each part of the interpreter's code runs in doctor's usual commands: an input, made by ``onefile/train.py``."""
TARGETS = {"x86_64": "x86_64-linux-musl", "aarch64": "aarch64-linux-musl"}
_PLAIN = "-fno-sanitize=undefined -g0 -fomit-frame-pointer"
_BY_NAME = ("-mllvm", "-static-func-full-module-prefix=false")
"""A profile names the static functions by their file, without the directory of the build."""
_UNUSED = [
    "_ssl",
    "_hashlib",
    "readline",
    "_curses",
    "_curses_panel",
    "_tkinter",
    "_dbm",
    "_gdbm",
    "nis",
    "_lzma",
    "_bz2",
    "_uuid",
    "_codecs_jp",
    "_codecs_kr",
    "_codecs_hk",
    "_codecs_cn",
    "_codecs_tw",
    "_codecs_iso2022",
    "_multibytecodec",
    "xxlimited",
    "xxlimited_35",
    "_interpreters",
    "_interpchannels",
    "_interpqueues",
    "pyexpat",
    "_elementtree",
]
_PSUTIL = ("-DPSUTIL_POSIX=1", "-DPSUTIL_LINUX=1", "-DPSUTIL_SIZEOF_PID_T=4")
_HOOK = "int doctor_sha256_blocks(uint32_t *state, const uint8_t *data, size_t blocks);\n"
_BLOCKS = "void Hacl_Hash_SHA2_sha256_update_nblocks(uint32_t len, uint8_t *b, uint32_t *st)\n{\n"


class Build:
    """The directories and tools of one architecture's build."""

    def __init__(self, work: Path, machine: str, jobs: int, *, runtime: Path | None = None) -> None:
        self.machine, self.jobs = machine, jobs
        self.sources = work / "unpacked"
        self.work = work
        self.at = work / (f"{machine}-counting" if runtime else machine)
        self.runtime = runtime
        self.prefix = self.at / "prefix"
        for folder in (self.sources, self.at, self.prefix / "lib", self.prefix / "include"):
            folder.mkdir(parents=True, exist_ok=True)
        # Names of files in messages must not depend on where the build is.
        self.flags = (*_PLAIN.split(), f"-ffile-prefix-map={work}=.", f"-ffile-prefix-map={HERE}=.", *self._profile())
        self.env = {
            "PATH": f"{self.at}:{python(work).parent}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": "315532800",
            "ZIG_GLOBAL_CACHE_DIR": str(work / "zig"),
            "PKG_CONFIG_LIBDIR": "/nonexistent",
        }
        self._tools()

    def _profile(self) -> tuple[str, ...]:
        """Return the flags for a program that counts what runs (``onefile/train.py``), or for one that uses the counts."""
        if self.runtime is not None:
            return (*_BY_NAME, "-fprofile-generate")
        content = lzma.decompress(PROFILE.read_bytes())
        # zig's cache compares the path of a profile, and not what is in it.
        profile = self.work / f"python-{hashlib.sha256(content).hexdigest()[:16]}.profdata"
        profile.write_bytes(content)
        return (
            *_BY_NAME,
            f"-fprofile-use={profile}",
            "-Wno-profile-instr-unprofiled",
            "-Wno-profile-instr-out-of-date",
        )

    def _tools(self) -> None:
        site = python(self.work).parents[1] / "lib/python3.13/site-packages/ziglang/zig"
        target = TARGETS[self.machine]
        # zig makes __DATE__ an error otherwise: getbuildinfo.c has it.
        words = {"cc": f"cc -target {target} -Wno-date-time", "ar": "ar", "ranlib": "ranlib"}
        for name, text in words.items():
            tool = self.at / f"z{name}"
            tool.write_text(f'#!/bin/sh\nexec {site} {text} "$@"\n')
            tool.chmod(0o755)

    def cc(self, *argv: object, cwd: Path) -> None:
        """Compile."""
        run("zcc", *self.flags, *map(str, argv), cwd=cwd, env=self.env)

    def make(self, *argv: str, cwd: Path, env: dict[str, str] | None = None) -> str:
        """Run make."""
        return run("make", f"-j{self.jobs}", *argv, cwd=cwd, env={**self.env, **(env or {})})

    def archive(self, name: str, objects: list[Path]) -> None:
        """Make a static library of the prefix."""
        target = self.prefix / "lib" / name
        target.unlink(missing_ok=True)
        run("zar", "rcs", str(target), *map(str, sorted(objects)), cwd=self.at, env=self.env)


def unpack(work: Path) -> None:
    """Unpack all sources once, Debian's with its patches."""
    place = work / "unpacked"
    place.mkdir(exist_ok=True)
    for name in ("python3.13", "libffi", "sqlite3", "zlib"):
        if not (place / name).exists():
            described = next((work / "debian").glob(f"{name}_*.dsc"))
            run("dpkg-source", "--no-check", "-x", str(described), f"{name}.part", cwd=place)
            (place / f"{name}.part").rename(place / name)
    for path in sorted((work / "sources").glob("*.tar.gz")):
        name = path.name.partition("-")[0]
        if not (place / name).exists():
            with tarfile.open(path) as archive:
                top = archive.getnames()[0].partition("/")[0]
                archive.extractall(place, filter="data")
            (place / top).rename(place / name)
    _hook(place / "python3.13/Modules/_hacl/Hacl_Hash_SHA2.c")


def _hook(path: Path) -> None:
    """Have hashlib's SHA-256 ask for the processor's instructions first."""
    text = path.read_text()
    if _HOOK not in text:
        if _BLOCKS not in text:
            raise LookupError(f"{path}: no function for whole blocks")
        text = text.replace(_BLOCKS, f"{_HOOK}\n{_BLOCKS}  if (doctor_sha256_blocks(st, b, len / 64U)) return;\n")
        path.write_text(text)


def libraries(build: Build) -> None:
    """Compile zlib, SQLite and libffi into the prefix."""
    lib, include = build.prefix / "lib", build.prefix / "include"
    if not (lib / "libz.a").exists():
        source, objects = build.sources / "zlib", build.at / "zlib"
        objects.mkdir(exist_ok=True)
        files = sorted(path for path in source.glob("*.c"))
        flags = ("-O2", "-fPIC", "-DHAVE_UNISTD_H", "-D_LARGEFILE64_SOURCE=1")
        build.cc(*flags, "-c", *files, cwd=objects)
        build.archive("libz.a", list(objects.glob("*.o")))
        for name in ("zlib.h", "zconf.h"):
            shutil.copy(source / name, include)
    if not (lib / "libsqlite3.a").exists():
        source = build.sources / "sqlite3"
        if not (source / "sqlite3.c").exists():
            run("./configure", cwd=source)
            run("make", "sqlite3.c", cwd=source)
        flags = ("-O2", "-DSQLITE_THREADSAFE=1", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_DQS=0")
        build.cc(*flags, "-c", source / "sqlite3.c", "-o", build.at / "sqlite3.o", cwd=build.at)
        build.archive("libsqlite3.a", [build.at / "sqlite3.o"])
        for name in ("sqlite3.h", "sqlite3ext.h"):
            shutil.copy(next(path for path in (source / name, source / "src" / name) if path.exists()), include)
    if not (lib / "libffi.a").exists():
        _libffi(build)


def _libffi(build: Build) -> None:
    source, at = build.sources / "libffi", build.at / "libffi"
    if not (source / "configure").exists():
        run("autoreconf", "-fi", cwd=source)
    at.mkdir(exist_ok=True)
    options = (
        "--disable-shared --enable-static --disable-docs --disable-multi-os-directory --with-pic"
        f" --host={TARGETS[build.machine]} --prefix={build.prefix} CC=zcc AR=zar RANLIB=zranlib"
    )
    env = {**build.env, "CFLAGS": f"-O2 {' '.join(build.flags)}"}
    run(str(source / "configure"), *options.split(), cwd=at, env=env)
    build.make("install", cwd=at)


def interpreter(build: Build) -> Path:
    """Configure and compile CPython out of its tree; return the directory."""
    at, source = build.at / "python", build.sources / "python3.13"
    if (at / "libpython3.13.a").exists():
        return at
    at.mkdir(exist_ok=True)
    lib, include = build.prefix / "lib", build.prefix / "include"
    env = {f"py_cv_module_{name}": "n/a" for name in _UNUSED}
    for name, libs in (("ZLIB", "-lz"), ("LIBFFI", "-lffi"), ("LIBSQLITE3", "-lsqlite3 -lm")):
        env |= {f"{name}_CFLAGS": f"-I{include}", f"{name}_LIBS": f"-L{lib} {libs}"}
    env |= {"LDFLAGS": "-static", "LINKFORSHARED": " "}
    options = [
        *("CC=zcc", "CXX=false", "AR=zar", "RANLIB=zranlib", "OPT=-DNDEBUG -O3 -fwrapv"),
        f"CFLAGS={' '.join(build.flags)} -fno-semantic-interposition",
        *("MODULE_BUILDTYPE=static", "--without-ensurepip", "--disable-test-modules", "--with-computed-gotos"),
        *("--without-doc-strings", "--without-readline", "--with-pkg-config=no"),
    ]
    if build.machine != sysconfig.get_platform().rpartition("-")[2]:
        options += [
            f"--host={TARGETS[build.machine]}",
            "--build=x86_64-linux-gnu",
            "--with-build-python=/usr/bin/python3.13",
        ]
        env |= {"ac_cv_file__dev_ptmx": "yes", "ac_cv_file__dev_ptc": "no", "ac_cv_buggy_getaddrinfo": "no"}
    # By a relative path: the interpreter keeps the one to its source.
    run(os.path.relpath(source / "configure", at), *options, cwd=at, env={**build.env, **env})
    setup = (at / "Modules/Setup.stdlib").read_text()
    (at / "Modules/Setup.local").write_text(re.sub(r"(?m)^\*shared\*", "*static*", setup))
    build.cc("-O3", "-c", HERE / "sha256.c", "-o", build.at / "sha256.o", cwd=build.at)
    # The interpreter's own program is linked too, to freeze modules: it needs the hook's object.
    build.make("python", " ".join((f"LIBS={build.at}/sha256.o -lm", *counting(build))), cwd=at)
    return at


def extensions(build: Build, at: Path) -> list[Path]:
    """Compile the extensions of the packages, and main; return the objects."""
    source = build.sources
    flags = ("-O3", "-fvisibility=hidden", f"-I{source}/python3.13/Include", f"-I{at}")
    psutil = source / "psutil/psutil"
    numbers = re.findall(r'__version__ = "([\d.]+)"', (psutil / "__init__.py").read_text())
    version = numbers[0].replace(".", "")
    files = {
        "markupsafe": ((source / "markupsafe/src/markupsafe/_speedups.c",), ()),
        "msgspec": ((source / "msgspec/src/msgspec/_core.c",), ()),
        "psutil": (
            (
                psutil / "_psutil_linux.c",
                *sorted(path for kind in ("all", "posix", "linux") for path in (psutil / "arch" / kind).glob("*.c")),
            ),
            (*_PSUTIL, f"-DPSUTIL_VERSION={version}"),
        ),
        "main": ((HERE / "main.c", HERE / "sha256.c"), ()),
    }
    objects = []
    for name, (sources, more) in files.items():
        place = build.at / "objects" / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        build.cc(*flags, *more, "-c", *sources, cwd=place)
        objects += sorted(place.glob("*.o"))
    return objects


def counting(build: Build, *, leaving: bool = False) -> list[str]:
    """Return what the program that counts is linked with: LLVM's runtime, which writes the counts at the end."""
    if build.runtime is None:
        return []
    build.cc("-c", HERE / "counting.c", "-o", build.at / "counting.o", cwd=build.at)
    if not leaving:
        return [str(build.at / "counting.o"), str(build.runtime)]
    build.cc("-DLEAVING", "-c", HERE / "counting.c", "-o", build.at / "leaving.o", cwd=build.at)
    words = ["-Wl,--wrap=_exit", "-Wl,-u,__llvm_profile_runtime", str(build.at / "leaving.o")]
    return [*words, str(build.at / "counting.o"), str(build.runtime)]


def program(build: Build) -> Path:
    """Return the static interpreter with doctor's ``main``."""
    libraries(build)
    at = interpreter(build)
    objects = extensions(build, at)
    asking = build.at / "libs.mk"
    asking.write_text("include Makefile\nlibs:\n\t@echo $(MODLIBS) $(LIBS) $(SYSLIBS)\n")
    libs = run("make", "-s", "-f", str(asking), "libs", cwd=at, env=build.env)
    target = build.at / "program"
    words = [
        "-static",
        "-s",
        "-o",
        str(target),
        *map(str, objects),
        "libpython3.13.a",
        *libs.split(),
        *counting(build, leaving=True),
    ]
    build.cc(*words, cwd=at)
    if os.path.getsize(target) < 1 << 20:
        raise LookupError("the program is too small to be an interpreter")
    return target
