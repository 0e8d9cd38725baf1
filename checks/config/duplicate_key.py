"""A key occurs more than once in daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson


@check(severity=Severity.WARNING, ok="no key occurs twice in daemon.json")
def duplicate_key(file: DaemonJson) -> Iterator[Finding]:
    """A key occurs more than once in the settings file, so all its values but the last are silently ignored.

    What it looks at:
        Repeated keys of daemon.json, at any depth.

    Why it matters:
        JSON parsers use the last value. An earlier value has no effect, and tools that rewrite the file drop it.

    How it is fixed:
        If all values are equal, all but the last are removed. Otherwise ``--choose`` asks which value is meant.

    References:
        https://pkg.go.dev/encoding/json#Unmarshal
    """
    for key in dict.fromkeys(file.duplicates):
        yield Finding(
            subject=Subject("setting", key),
            message=f"'{key}' occurs {file.duplicates.count(key) + 1} times in {file.path}: only the last value is used",
            evidence=(Evidence(file.path, f"{key}: {file.duplicates.count(key) + 1} times"),),
        )
