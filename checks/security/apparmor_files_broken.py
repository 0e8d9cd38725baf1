"""The files of AppArmor that the engine's profile includes have an error."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.security.apparmor import DEFAULT, AppArmor


@check(
    severity=Severity.CRITICAL,
    breaks=("start", "storage", "egress", "port"),
    ok="the engine's AppArmor profile is loaded, or can be",
    messages=(
        Message(
            pattern=r"AppArmor enabled on system but the \S+ profile could not be loaded(?!.*(?:executable file not found|no such file or directory)).*|Could not check if \S+ AppArmor profile was loaded.*|AppArmor parser error.*",
            example="AppArmor enabled on system but the docker-default profile could not be loaded: running '/usr/sbin/apparmor_parser -Kr /tmp/docker-default1' failed with output: AppArmor parser error for /tmp/docker-default1 in profile /etc/apparmor.d/abstractions/base at line 186: syntax error, unexpected TOK_ID, expecting TOK_MODE",
            means="apparmor_parser refuses the engine's profile docker-default: a file below /etc/apparmor.d that it includes has an error, or this host is a container that may not load profiles",
            do="correct the line that the message names, or reinstall the package apparmor; in a container, disable AppArmor for the engine or allow nesting on the outer host",
            apart="the end of the line: it names the file and the line",
        ),
    ),
)
def apparmor_files_broken(apparmor: AppArmor) -> Iterator[Finding]:
    """A file of AppArmor that the engine's profile includes has an error, so no container can start.

    What it looks at:
        Whether a running engine's profile docker-default is loaded. If not, apparmor_parser compiles a profile that includes
        tunables/global and abstractions/base, as the engine's does, without loading it.

    Why it matters:
        The engine loads its profile before each start of a container if it is not loaded. If that fails, the start fails with
        "the docker-default profile could not be loaded". A profile that is still loaded hides the error until the next boot.

    How it is fixed:
        Manually: correct the line, or reinstall the package apparmor.

    References:
        https://docs.docker.com/engine/security/apparmor/
        https://github.com/moby/moby/issues/36952
    """
    if apparmor.fault:
        yield Finding(
            subject=Subject("profile", DEFAULT),
            message=f"the engine can't load its AppArmor profile {DEFAULT}, because a file in /etc/apparmor.d has an error:"
            " no container can start",
            evidence=(
                Evidence("/sys/kernel/security/apparmor/profiles", f"{DEFAULT} is not loaded"),
                Evidence(f"{apparmor.parser} --skip-kernel-load", apparmor.fault),
            ),
        )
