"""The support of this engine release has ended."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.versions import Lifecycles
from doctor.facts.engine.vulnerabilities import Components


@check(severity=Severity.WARNING, security=True, ok="the engine's release is supported")
def engine_eol(components: Components, table: Lifecycles) -> Iterator[Finding]:
    """The engine's release gets no more fixes.

    What it looks at:
        The engine's version against a table of release series (the finding shows its date). A distribution's package (docker.io,
        moby-engine) is not checked, because the distribution supports it. A series that third parties maintain is only a remark.

    Why it matters:
        New vulnerabilities are not fixed. Each later major release also removes storage drivers, settings and API versions, so
        an upgrade over many releases breaks more.

    How it is fixed:
        Manually: upgrade to the current series, after reading what it removes ("doctor scan" reports removed features that this
        host uses).

    References:
        https://docs.docker.com/engine/release-notes/
        https://docs.docker.com/engine/deprecated/
    """
    engine = components.get("engine")
    version = engine.version if engine is not None else None
    if engine is None or version is None or engine.package:
        return
    series = table.of_engine(version.numbers)
    if series is None or series.state == "current":
        return
    third = series.state == "third parties"
    yield Finding(
        subject=Subject("engine", "version"),
        message=f"support of engine {engine.text} has ended: it gets "
        + ("fixes only from third parties" if third else "no more fixes"),
        evidence=(
            Evidence(engine.source, engine.text),
            Evidence("last release of the series", series.last),
            Evidence("table of lifecycles", f"as of {table.checked}"),
        ),
        severity=Severity.INFO if third else None,
    )
