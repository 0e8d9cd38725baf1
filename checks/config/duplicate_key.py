"""A key stands twice in daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson


@check(severity=Severity.WARNING, ok="no key stands twice in daemon.json")
def duplicate_key(file: DaemonJson) -> Iterator[Finding]:
    """A key stands twice in the settings file, so one of the two values is ignored without a word.

    What it looks at:
        Repeated keys of daemon.json, at any depth.

    Why it matters:
        JSON readers take the last one. A setting that somebody added further up is not in force, and tools that rewrite the file
        drop one of the two.

    How it is fixed:
        Where all its values are the same, all but the last are removed. Otherwise ``--choose`` asks which value is meant.

    References:
        https://pkg.go.dev/encoding/json#Unmarshal
    """
    for key in dict.fromkeys(file.duplicates):
        yield Finding(
            subject=Subject("setting", key),
            message=f"{key!r} stands more than once in {file.path}: only the last one counts",
            evidence=(Evidence(file.path, f"{file.duplicates.count(key) + 1} times {key}"),),
        )
