"""A container names an AppArmor profile that is not loaded."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.security.apparmor import DEFAULT, AppArmor
from doctor.facts.security.details import UnloadedProfile
from doctor.model.text import plural

_BUILT_IN = {"", "unconfined", DEFAULT}


@check(
    severity=Severity.ERROR,
    detail=UnloadedProfile,
    ok="each AppArmor profile that a container names is loaded",
    messages=(
        Message(
            pattern=r"(?:unable to apply apparmor profile: )?(?:apparmor failed to apply profile: )?write /proc/(?:self|thread-self)/attr/(?:apparmor/)?exec: (?:no such file or directory|invalid argument)|apparmor failed to apply profile: (?:no such file or directory|invalid argument)|apparmor=\"DENIED\" operation=\"(?:change_onexec|change_profile|exec)\" .*info=\"(?:label|profile) not found\".*|set apparmor profile \S+ no such file or directory",
            example="error during container init: unable to apply apparmor profile: apparmor failed to apply profile: write /proc/self/attr/apparmor/exec: no such file or directory",
            means="the AppArmor profile that the container needs (docker-default, or the one it names) is not loaded, or AppArmor of this kernel refuses it",
            do="restart the engine, which loads docker-default again; load another one with 'apparmor_parser -r /etc/apparmor.d/FILE'; 'aa-status' lists the loaded ones",
        ),
    ),
)
def apparmor_profile_missing(apparmor: AppArmor, containers: Containers) -> Iterator[Finding]:
    """A container names an AppArmor profile that is not loaded, so it can't start.

    What it looks at:
        The profile of each container's config.v2.json, and the profiles that the kernel has loaded. The engine loads
        docker-default itself.

    Why it matters:
        runc refuses the start with "apparmor failed to apply profile: no such file or directory". A running container keeps
        its profile until it ends: then this is a warning.

    How it is fixed:
        Manually: load the profile's file, which belongs in /etc/apparmor.d, where the boot loads it.

    References:
        https://docs.docker.com/engine/security/apparmor/
    """
    if not apparmor.parser:
        return
    for container in containers.items:
        name = container.apparmor_profile
        if name in _BUILT_IN or name in apparmor.profiles or (container.host is not None and container.host.privileged):
            continue
        follows = "can't start again" if container.state.running else "can't start"
        yield Finding(
            subject=Subject("container", container.title),
            message=f"AppArmor profile {name} is not loaded: container {container.title} {follows}",
            severity=Severity.WARNING if container.state.running or container.stopped_by_hand else None,
            evidence=(
                Evidence(container.host_config_path, f"apparmor={name}"),
                Evidence(
                    "/sys/kernel/security/apparmor/profiles",
                    f"{plural(len(apparmor.profiles), 'profile')}, without {name}",
                ),
            ),
            detail=UnloadedProfile(profile=name),
        )
