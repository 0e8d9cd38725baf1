"""The user that containers are remapped to has too few subordinate ids."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.details import NoIds
from doctor.facts.kernel.namespaces import NEEDED_IDS, SUBGID, SUBUID, SubIds


@check(
    severity=Severity.ERROR,
    detail=NoIds,
    ok="the user for userns-remap has subordinate ids",
    messages=(
        Message(
            pattern=r"can't create ID mappings.*|Can't find user \S+|Error during [ug]id lookup.*|potentially insufficient UIDs or GIDs available in user namespace.*|no subuid ranges found.*",
            example='Error during uid lookup for "dockremapper": getent unable to find entry "dockremapper" in passwd database',
            means="user namespaces are not set up: the user of userns-remap or its subordinate ids are missing",
            do="create the user, and add it to /etc/subuid and /etc/subgid",
        ),
        Message(
            pattern=r"(?:\bl?chown \S+|mounting \"devpts\" to rootfs .*|mount devpts:\S+): invalid argument",
            example="failed to register layer: Error processing tar file(exit status 1): lchown /var/mail: invalid argument",
            means="an image or mount needs a user or group id that the user namespace does not have: the subordinate ids of the user are too few",
            do="give the user at least 65536 ids in /etc/subuid and /etc/subgid, and start the engine again (podman: 'podman system migrate')",
        ),
    ),
)
def subid(ids: SubIds, engine: EngineConfig) -> Iterator[Finding]:
    """userns-remap names a user with too few subordinate ids, so the engine doesn't start.

    What it looks at:
        "userns-remap", and the user's ranges in /etc/subuid and /etc/subgid: each file must give at least 65536 ids. "default"
        means the user dockremap, which the engine creates itself: it is checked only if it exists. If nsswitch.conf gets ids
        from another service, nothing is reported.

    Why it matters:
        dockerd exits with "can't create ID mappings: no subuid ranges found for user".

    How it is fixed:
        A range of 65536 ids after all others is added to the file, and the engine starts.

    References:
        https://docs.docker.com/engine/security/userns-remap/
        https://man7.org/linux/man-pages/man5/subuid.5.html
    """
    setting = engine.get("userns-remap")
    if not isinstance(setting, str) or not setting or ids.by_service:
        return
    user = setting.partition(":")[0]
    if user == "default":
        if "dockremap" not in ids.users:
            return
        user = "dockremap"
    if user.isdigit():
        user = next((name for name, uid in ids.users.items() if uid == int(user)), user)
    for file in (SUBUID, SUBGID):
        count = sum(item.count for item in ids.of(user, file))
        if count < NEEDED_IDS:
            yield Finding(
                subject=Subject("file", file),
                message=f"{file} gives user {user} {count} of {NEEDED_IDS} ids: the engine can't remap containers to it",
                evidence=(
                    Evidence(engine.setting("userns-remap").place, f"userns-remap: {setting}"),
                    Evidence(file, f"{count} ids of {user}"),
                ),
                detail=NoIds(file=file, user=user, start=ids.free_start(file)),
                severity=None if count else Severity.CRITICAL,
                stops_start=not count,
            )
