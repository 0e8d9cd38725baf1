"""daemon.json has a key that a newer engine rejects."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.options import OPTIONS
from doctor.facts.engine.state import EngineVersion


@check(severity=Severity.INFO, ok="daemon.json has no key that newer engines reject")
def deprecated_key(file: DaemonJson, version: EngineVersion) -> Iterator[Finding]:
    """The settings file has a key that a later release rejects: after the upgrade, the engine would not start.

    What it looks at:
        The keys of daemon.json that this release accepts and a later one removed.

    Why it matters:
        The package upgrade succeeds, but the engine does not start with the old file.

    How it is fixed:
        Manually, before the upgrade: rename ``graph`` to ``data-root``, and remove the others.

    References:
        https://docs.docker.com/engine/deprecated/
    """
    for key in file.value:
        option = OPTIONS.get(key)
        if option is None or option.removed is None or version.release >= option.removed:
            continue
        removed = ".".join(map(str, option.removed))
        yield Finding(
            subject=Subject("setting", key),
            message=f"{file.path} sets '{key}': engine {removed} and later will not start",
            evidence=(
                Evidence(file.path, key),
                Evidence(version.source, f"engine {version.text}: {option.why_removed}"),
            ),
        )
