"""AppArmor is on, and the engine can't use it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.state import EngineVersion
from doctor.facts.security.apparmor import DEFAULT, AppArmor

_LOST = {"", "unconfined", DEFAULT}


@check(
    severity=Severity.INFO,
    security=True,
    ok="apparmor_parser is installed",
    messages=(
        Message(
            pattern=r"running `?apparmor_parser.*apparmor_parser\W+ executable file not found.*|(?:fork/exec|stat|exec:) \W*/sbin/apparmor_parser\W+ no such file or directory.*",
            example='Error response from daemon: AppArmor enabled on system but the docker-default profile could not be loaded: running `apparmor_parser apparmor_parser --version` failed with output: error: exec: "apparmor_parser": executable file not found in $PATH',
            means="the kernel has AppArmor enabled and apparmor_parser is not installed; engine 23.0.0 then starts no container, other releases run them unconfined",
            do="install the package apparmor, and upgrade an engine 23.0.0",
        ),
    ),
)
def apparmor_parser_missing(
    apparmor: AppArmor, containers: Containers | Missing, version: EngineVersion | Missing
) -> Iterator[Finding]:
    """The kernel has AppArmor enabled, and apparmor_parser is missing: the engine runs containers without their profile.

    What it looks at:
        /sys/module/apparmor/parameters/enabled, whether /sbin/apparmor_parser exists, and the profiles that containers name.

    Why it matters:
        Without the parser the engine assigns no profile, not even the one that a container names with
        ``--security-opt apparmor=NAME``, and reports nothing: ``docker info`` still shows apparmor. A container with a profile of
        its own is a warning. Engine 23.0.0 starts no container at all.

    How it is fixed:
        Manually: install the package apparmor and restart the engine. Running containers get a profile at their next start.

    References:
        https://docs.docker.com/engine/security/apparmor/
        https://github.com/moby/moby/pull/44942
    """
    if apparmor.parser:
        return
    named = (
        []
        if isinstance(containers, Missing)
        else [one for one in containers.items if one.apparmor_profile not in _LOST]
    )
    fails = isinstance(version, EngineVersion) and version.release == (23, 0, 0)
    # An engine that started with the parser uses the loaded profile until its next start.
    when = "after the next start of the engine " if DEFAULT in apparmor.profiles else ""
    effect = (
        "this engine starts no container"
        if fails
        else f"{when}container {named[0].title} runs without its profile {named[0].apparmor_profile}"
        if named
        else f"{when}containers run without an AppArmor profile"
    )
    yield Finding(
        subject=Subject("command", "apparmor_parser"),
        message=f"AppArmor is enabled in the kernel, but apparmor_parser is missing: {effect}",
        severity=Severity.ERROR if fails else Severity.WARNING if named else None,
        evidence=(
            Evidence("/sys/module/apparmor/parameters/enabled", "Y"),
            Evidence("/sbin/apparmor_parser", "no such file"),
            *(Evidence(f"container {one.title}", f"profile {one.apparmor_profile}") for one in named[:3]),
        ),
    )
