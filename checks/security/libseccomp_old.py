"""libseccomp and runc are too old for the system calls of newer images."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.state import EngineVersion
from doctor.facts.security.libseccomp import Libseccomp
from doctor.formats.version import parse

_NEEDED = (2, 4, 4)
_ANSWERS_ENOSYS = "1.0.0-rc93"


@check(
    severity=Severity.WARNING,
    ok="libseccomp or runc is new enough for newer images",
    messages=(
        Message(
            pattern=r"At least one invalid signature was encountered|Fatal Python error: pyinit_main: can't initialize time.*|clock_gettime\S*: Operation not permitted|faccessat2?\S*: Operation not permitted",
            example="E: The repository 'http://deb.debian.org/debian bullseye InRelease' is not signed. At least one invalid signature was encountered.",
            means="libseccomp of the host is too old for the image's system calls (time64 on 32-bit ARM, faccessat2), and the old runc answers them with EPERM",
            do="upgrade libseccomp2 to 2.4.4 or newer, or runc to 1.0.0 (engine 20.10.3 or newer), and restart the container",
            also=("versions/engine-eol",),
        ),
    ),
)
def libseccomp_old(library: Libseccomp, version: EngineVersion) -> Iterator[Finding]:
    """An old libseccomp (before 2.4.4) meets an old runc (before 1.0.0-rc93): programs of newer images fail with EPERM.

    What it looks at:
        The version in the name of libseccomp.so.2's file, and the runc that the running engine reports. runc since 1.0.0-rc93
        answers system calls that the library does not know with ENOSYS, so programs use an older call.

    Why it matters:
        Programs of Alpine 3.13, glibc 2.33 and newer try new system calls first. After EPERM they do not try the old one:
        ``apt-get update`` in a container reports invalid signatures, and clocks fail on 32-bit ARM.

    How it is fixed:
        Manually: upgrade libseccomp2 or the engine.

    References:
        https://wiki.alpinelinux.org/wiki/Release_Notes_for_Alpine_3.13.0
        https://github.com/opencontainers/runc/releases/tag/v1.0.0-rc93
    """
    runc = parse(version.components.get("runc", ""))
    new = parse(_ANSWERS_ENOSYS)
    if runc is None or new is None or not runc < new or library.version.at_least(*_NEEDED):
        return
    yield Finding(
        subject=Subject("file", library.path),
        message=f"libseccomp is {library.text} and runc {version.components['runc']}: programs of newer images fail with"
        ' "operation not permitted"',
        evidence=(
            Evidence(library.path, f"2.4.4 or newer is needed, it is {library.text}"),
            Evidence("GET /version", f"runc {version.components['runc']}"),
        ),
    )
