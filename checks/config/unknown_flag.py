"""The engine's command line has a flag that dockerd does not know."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.details import BadFlag
from doctor.facts.config.engine import EngineFlags, GivenFlag, Place
from doctor.facts.config.flag_values import from_flags
from doctor.facts.config.keys import fits
from doctor.facts.config.options import OPTIONS
from doctor.facts.config.spelling import nearest
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.secrets.redact import as_json
from doctor.formats.config.flags import KNOWN, config_key


@check(
    severity=Severity.CRITICAL,
    detail=BadFlag | None,
    stops_start=True,
    ok="dockerd knows every flag on its command line",
    messages=(
        Message(
            pattern=r"unknown (?:shorthand )?flag: \S+|accepts no arguments?(?:, run)?",
            example="unknown flag: --storag-driver",
            means="dockerd is started with a flag or a word that this engine does not know",
            do="correct ExecStart of docker.service, or the file with its options",
        ),
    ),
)
def unknown_flag(
    flags: EngineFlags, version: EngineVersion | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """The engine's command line has a flag or a word that this dockerd does not accept, so it does not start.

    What it looks at:
        The command line of the next start, from the unit with drop-ins and environment files, or from the init script. Flags of
        older releases (``--graph``, ``--cluster-store``) are reported from the release that removed them. Flags of the running
        dockerd count as known.

    Why it matters:
        dockerd exits with "unknown flag: --graph" or "accepts no arguments". The usual cause of the second is an unset variable
        or a missing quote in an environment file.

    How it is fixed:
        ``--graph`` is renamed to ``--data-root`` with the same path, and a misspelt flag to the flag with the most similar name;
        if two are equally similar, ``--choose`` asks. Other flags are removed: dockerd never started with them. For a stray word,
        doctor only advises.

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
            message=f"dockerd does not know --{flag.name} (in {flag.place.file}): {start_fails(state)}",
            evidence=(
                Evidence(f"{flag.place.file}:{flag.place.line}", f"--{flag.name}={flag.value}"),
                Evidence(docker.PROCESS, why),
            ),
            detail=_bad(flag, flag.place, option.successor if option is not None and dropped else "", flags),
        )
    if flags.arguments and flags.running is None:
        yield Finding(
            subject=Subject("flag", flags.arguments[0]),
            message=f"{as_json(flags.arguments[0])} on dockerd's command line is not a flag or its value: {start_fails(state)}",
            evidence=(Evidence(flags.launcher_file, " ".join(flags.arguments)),),
        )


def _bad(flag: GivenFlag, place: Place, successor: str, flags: EngineFlags) -> BadFlag:
    """Return the flags that may be meant: known, not yet given, and of the value's type."""
    if successor or flag.name in OPTIONS:
        return BadFlag(flag=flag, place=place, successor=successor)
    given = {other.name for other in flags.configured}
    near = nearest(flag.name, KNOWN)
    usable = tuple(name for name in near if name not in given and _takes(name, flag))
    return (
        BadFlag(flag=flag, place=place, successor=near[0])
        if near == usable and len(near) == 1
        else BadFlag(flag=flag, place=place, successor="", close=usable)
    )


def _takes(name: str, flag: GivenFlag) -> bool:
    key = config_key(name)
    option = OPTIONS.get(key)
    if option is None or option.removed is not None:
        return False
    return (option.kind == "bool" and not flag.value) or fits(key, from_flags(key, (flag.value,)))


def _is_from(version: EngineVersion | Missing, release: tuple[int, int]) -> bool:
    return isinstance(version, EngineVersion) and version.release >= release
