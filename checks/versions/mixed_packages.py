"""The running version is not the installed one, or packages of different releases are mixed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.versions import ReplacedPrograms
from doctor.facts.host.packages import Packages


@check(severity=Severity.WARNING, ok="the running engine is the installed one, and its packages match")
def mixed_packages(replaced: ReplacedPrograms | Missing, packages: Packages | Missing) -> Iterator[Finding]:
    """The running engine or containerd is not the installed version, or the engine's packages are of different releases.

    What it looks at:
        /proc/PID/exe of dockerd and containerd (" (deleted)" after an upgrade without a restart), and the major releases of
        docker-ce and docker-ce-cli.

    Why it matters:
        Fixes of the installed version are not active. New shims and a new runc may be incompatible with the old daemon: starts
        fail with "unknown field". The next restart then changes the version unexpectedly.

    How it is fixed:
        The engine is restarted. For containerd and for packages of different releases, doctor only advises.

    References:
        https://docs.docker.com/engine/install/
    """
    for process in replaced.items if isinstance(replaced, ReplacedPrograms) else ():
        path = process.exe.removesuffix(" (deleted)")
        yield Finding(
            subject=Subject("program", process.comm),
            message=f"{process.comm} was not restarted after its upgrade: fixes of the installed version are not active",
            evidence=(Evidence(f"/proc/{process.pid}/exe", process.exe), Evidence("installed", path)),
        )
    if isinstance(packages, Packages):
        engine, client = packages.get("docker-ce"), packages.get("docker-ce-cli")
        if engine is not None and client is not None and _major(engine.version) != _major(client.version):
            yield Finding(
                subject=Subject("package", "docker-ce-cli"),
                message=f"docker-ce-cli {client.version} and docker-ce {engine.version} have different major releases: they may be incompatible",
                evidence=(
                    Evidence("/var/lib/dpkg/status", f"docker-ce {engine.version}, docker-ce-cli {client.version}"),
                ),
                severity=Severity.INFO,
            )


def _major(version: str) -> str:
    return version.partition(":")[2].partition(".")[0]
