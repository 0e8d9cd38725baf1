"""Nobody looks after this engine's release any more."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.versions import Lifecycles
from doctor.facts.engine.vulnerabilities import Components


@check(severity=Severity.WARNING, ok="the engine's release is looked after")
def engine_eol(components: Components, table: Lifecycles) -> Iterator[Finding]:
    """The engine is of a release that gets no fixes any more.

    What it looks at:
        The engine's version against a table of release series (the finding gives its date). A distribution's own package
        (docker.io, moby-engine) follows the distribution's support and is not judged; a series that others than its makers go
        on with is a remark.

    Why it matters:
        Holes that are found from now on stay open. Each later major release also removes storage drivers, settings and API
        versions: the longer the jump, the more breaks.

    How it is fixed:
        By an upgrade to the current series, after reading what it removes ("doctor scan" names what this host uses of that).

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
        message=f"engine {engine.text} gets no fixes "
        + ("from its makers any more, only from third parties" if third else "any more: its series has ended"),
        evidence=(
            Evidence(engine.source, engine.text),
            Evidence("last release of the series", series.last),
            Evidence("table of lifecycles", f"as of {table.checked}"),
        ),
        severity=Severity.INFO if third else None,
    )
