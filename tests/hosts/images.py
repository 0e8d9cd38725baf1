"""Images without a registry: everything grows from a tar with a static busybox.

`bb:1` is imported; `leg:1` (also `app:latest`) has several layers made by the old builder; `com:1` is committed from a
container; `bk:1` is made by BuildKit where docker-buildx is there. Between them they hold hard links, whiteouts, an
opaque directory, a file capability, setuid bits, odd owners and an empty layer.
"""

import io
import os
import shutil
import tarfile
from pathlib import Path

from tests.hosts.sandbox import Sandbox

APPLETS = (  # noqa: SIM905 - sixty names read better as words
    "sh cat chmod chown cp cut date dd df echo env false find getfattr grep head hostname httpd id ip ln ls "
    "md5sum mkdir mknod mount mv nc nslookup ping printf ps rm rmdir route sed seq setfattr sha256sum sleep "
    "sort stat sync tail tar test touch tr true umount uname vi wc wget xargs yes"
).split()

# vfs_cap_data revision 2: cap_net_raw, permitted and effective (linux/capability.h).
_CAPABILITY = "\x01\x00\x00\x02" + "\x00\x20\x00\x00" + "\x00" * 12

_LEGACY = """\
FROM bb:1
RUN mkdir -p /www /t/dir && echo hello >/www/index.html && echo one >/t/one && ln /t/one /t/link && echo sec >/t/sec
RUN rm /t/one && rm -rf /t/dir && mkdir /t/dir && echo new >/t/dir/new && chmod 4755 /bin/busybox-suid
ENV GREETING=hello
RUN chown 1000:1000 /t/sec && chmod 0640 /t/sec && ln -s ../t/sec /www/sec
CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
"""

_BUILDKIT = """\
FROM bb:1
RUN mkdir /bk && seq 1 2000 >/bk/numbers && ln /bk/numbers /bk/same
RUN rm /bk/numbers && rm -rf /opt/d && mkdir /opt/d && echo again >/opt/d/f
LABEL made=buildkit
CMD ["cat", "/bk/same"]
"""


def base_tar() -> bytes:
    """The file system of `bb:1`: busybox with links for its applets, a few files of /etc, and one file with a capability."""
    busybox = Path(shutil.which("busybox") or "/usr/bin/busybox").read_bytes()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("bin", "etc", "opt", "opt/d", "root", "tmp", "var"):
            _add(tar, name, kind=tarfile.DIRTYPE, mode=0o1777 if name == "tmp" else 0o755)
        _add(tar, "bin/busybox", busybox, mode=0o755)
        _add(tar, "bin/busybox-suid", kind=tarfile.LNKTYPE, link="bin/busybox", mode=0o755)
        for applet in APPLETS:
            _add(tar, f"bin/{applet}", kind=tarfile.SYMTYPE, link="busybox", mode=0o777)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n")
        _add(tar, "etc/group", b"root:x:0:\nuser:x:1000:\n")
        _add(tar, "opt/d/f", b"below\n")
        _add(tar, "opt/raw", b"#!/bin/sh\n", mode=0o755, pax={"SCHILY.xattr.security.capability": _CAPABILITY})
    return stream.getvalue()


def _add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    link: str = "",
    pax: dict[str, str] | None = None,
) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(data), link
    entry.mtime = (
        1_700_000_000  # a fixed time, so that the layer has the same digest on every machine with this busybox
    )
    entry.pax_headers = pax or {}
    tar.addfile(entry, io.BytesIO(data))


def build(box: Sandbox) -> None:
    """Make the images with the dockerd that runs in the box."""
    box.docker("import", "--change", 'CMD ["sh"]', "-", "bb:1", input=base_tar())
    _dockerfile(box, "leg:1", _LEGACY, buildkit=False)
    box.docker("tag", "leg:1", "app:latest")
    script = "echo committed >/com && rm -rf /www && mkdir /www && echo com >/www/index.html && mknod /dev-null c 1 3"
    box.docker("run", "--name", "maker", "--network", "none", "app:latest", "sh", "-c", script)
    box.docker("commit", "--change", 'CMD ["cat", "/com"]', "maker", "com:1")
    box.docker("rm", "maker")
    if has_buildx(box):
        _dockerfile(box, "bk:1", _BUILDKIT, buildkit=True)


def has_buildx(box: Sandbox) -> bool:
    """Is the BuildKit plugin of the docker client there (Debian: docker-buildx)."""
    return box.run(["docker", "buildx", "version"], check=False).returncode == 0


def _dockerfile(box: Sandbox, tag: str, text: str, *, buildkit: bool) -> None:
    directory = f"/tmp/build-{tag.replace(':', '-')}"
    box.write(f"{directory}/Dockerfile", text)
    command = ["docker", "build", "--quiet", "--network", "none", "-t", tag, directory]
    box.run(command, env={"DOCKER_BUILDKIT": "1" if buildkit else "0"}, timeout=120)


def source() -> str:
    """Return the dependencies of the built images, for a cache key: this file and the busybox."""
    busybox = os.stat(shutil.which("busybox") or "/usr/bin/busybox")
    return Path(__file__).read_text(encoding="utf-8") + f"{busybox.st_size} {busybox.st_mtime_ns}"
