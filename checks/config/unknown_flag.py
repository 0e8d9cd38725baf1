"""dockerd is given a flag that it does not know."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.daemon_options import OPTIONS
from doctor.facts.engine import EngineFlags, GivenFlag
from doctor.facts.engine_state import EngineState, EngineVersion, start_fails
from doctor.formats.flags import KNOWN


class BadFlag(Struct, frozen=True, kw_only=True):
    """For the fixer: the flag, and the flag that does the same today ("" for none)."""

    flag: GivenFlag
    successor: str


@check(severity=Severity.CRITICAL, stops_start=True, ok="dockerd knows every flag that it is given")
def unknown_flag(
    flags: EngineFlags, version: EngineVersion | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """The engine's command line has a flag or a word that this dockerd does not take, so it does not start.

    What it looks at:
        The command line of the next start, from its unit with drop-ins and environment files, or from the init script. Flags
        that an older release knew (``--graph``, ``--cluster-store``) count from the release that dropped them. Flags that
        the running dockerd has are known to it.

    Why it matters:
        dockerd ends with "unknown flag: --graph" or "accepts no arguments". An unset variable or a lost quote in an environment
        file is the usual reason for the second.

    How it is fixed:
        ``--graph`` becomes ``--data-root``, which takes the same path. Other dropped flags are taken out. A flag that no release
        knew, and a stray word, are left to a person.

    References:
        https://docs.docker.com/reference/cli/dockerd/
        https://docs.docker.com/engine/deprecated/
    """
    running = {(flag.name, flag.value) for flag in flags.running or ()}
    for flag in flags.configured:
        option = OPTIONS.get(flag.name)
        dropped = option is not None and option.removed is not None and _is_from(version, option.removed)
        if (flag.name in KNOWN and not dropped) or (flag.name, flag.value) in running or flag.place is None:
            continue
        why = option.why_removed if option is not None and dropped else "no release of dockerd has it"
        yield Finding(
            subject=Subject("flag", f"--{flag.name}"),
            message=f"{start_fails(state)}: it does not know --{flag.name} (in {flag.place.file})",
            evidence=(
                Evidence(f"{flag.place.file}:{flag.place.line}", f"--{flag.name}={flag.value}"),
                Evidence("dockerd", why),
            ),
            detail=BadFlag(flag=flag, successor=option.successor if option is not None and dropped else ""),
        )
    if flags.arguments and flags.running is None:
        yield Finding(
            subject=Subject("flag", flags.arguments[0]),
            message=f"{start_fails(state)}: {flags.arguments[0]!r} on its command line belongs to no flag",
            evidence=(Evidence(flags.launcher_file, " ".join(flags.arguments)),),
        )


def _is_from(version: EngineVersion | Missing, release: tuple[int, int]) -> bool:
    return isinstance(version, EngineVersion) and version.release >= release
