"""daemon.json has a key that a newer engine refuses."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.options import OPTIONS
from doctor.facts.engine.state import EngineVersion


@check(severity=Severity.INFO, ok="daemon.json has no key that the next engine refuses")
def deprecated_key(file: DaemonJson, version: EngineVersion) -> Iterator[Finding]:
    """The settings file has a key that a later release refuses, so the upgrade to it would stop the engine.

    What it looks at:
        The keys of daemon.json that this release takes and a later one dropped.

    Why it matters:
        The package upgrade succeeds, and the engine does not start with the old file.

    How it is fixed:
        By a person, before the upgrade: rename ``graph`` to ``data-root``, take the others out.

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
            message=f"engine {removed} and later does not start with {key!r} in {file.path}",
            evidence=(
                Evidence(file.path, key),
                Evidence(version.source, f"engine {version.text}: {option.why_removed}"),
            ),
        )
