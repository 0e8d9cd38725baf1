"""Another version runs than is installed, or packages of different releases are mixed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.versions import ReplacedPrograms
from doctor.facts.host.packages import Packages


@check(severity=Severity.WARNING, ok="what runs is what is installed")
def mixed_packages(replaced: ReplacedPrograms | Missing, packages: Packages | Missing) -> Iterator[Finding]:
    """The running engine or containerd is not the one that is installed, or the engine's packages don't fit together.

    What it looks at:
        /proc/PID/exe of dockerd and containerd (" (deleted)" after an upgrade without a restart), and the major releases of
        docker-ce and docker-ce-cli.

    Why it matters:
        Fixes of the installed version are not in force. New shims and runc work under an old daemon until they don't: "unknown
        field", failing starts. The change comes by surprise at the next restart.

    How it is fixed:
        By a restart of the engine (and containerd) when it suits; packages are brought to one release by an upgrade.

    References:
        https://docs.docker.com/engine/install/
    """
    for process in replaced.items if isinstance(replaced, ReplacedPrograms) else ():
        path = process.exe.removesuffix(" (deleted)")
        yield Finding(
            subject=Subject("program", process.comm),
            message=f"the running {process.comm} is older than the installed one: it was not restarted after an upgrade",
            evidence=(Evidence(f"/proc/{process.pid}/exe", process.exe), Evidence("installed", path)),
        )
    if isinstance(packages, Packages):
        engine, client = packages.get("docker-ce"), packages.get("docker-ce-cli")
        if engine is not None and client is not None and _major(engine.version) != _major(client.version):
            yield Finding(
                subject=Subject("package", "docker-ce-cli"),
                message=f"client {client.version} and engine {engine.version} are of different major releases",
                evidence=(
                    Evidence("/var/lib/dpkg/status", f"docker-ce {engine.version}, docker-ce-cli {client.version}"),
                ),
                severity=Severity.INFO,
            )


def _major(version: str) -> str:
    return version.partition(":")[2].partition(".")[0]
