"""A registry's hosts.toml of containerd has no effect, or names a file that is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containerd.registry_hosts import HostsFlaw, RegistryHostsFiles


@check(
    severity=Severity.ERROR,
    detail=HostsFlaw,
    ok="containerd can use the hosts.toml of all registries",
    messages=(
        Message(
            names=("hosts.toml",),
            pattern=r"unable to read (?:CA cert|CERT file|KEY file|client certificate) .*no such file or directory|failed to decode hosts\.toml.*",
            example='failed to resolve reference "docker.io/library/busybox:1": unable to read CA cert "/etc/missing.crt": open /etc/missing.crt: no such file or directory',
            means="the hosts.toml of a registry names a certificate or key that does not exist, so nothing is pulled from it",
            do="correct ca or client in the hosts.toml below /etc/containerd/certs.d, or copy the file there; no restart is needed",
        ),
    ),
)
def registry_hosts_invalid(hosts: RegistryHostsFiles) -> Iterator[Finding]:
    """A registry's hosts.toml of containerd is ignored, or names a missing file, so a Kubernetes node pulls from elsewhere or not at all.

    What it looks at:
        On a Kubernetes node whose containerd settings name a directory of registries (``config_path``), usually
        /etc/containerd/certs.d: each hosts.toml there, its syntax and capabilities, and the files of ``ca`` and ``client``. Docker
        Engine does not read these files.

    Why it matters:
        containerd ignores a hosts.toml with an error and asks the registry of the image's name: without a word the mirror is not used,
        and a node without a way to the outside pulls nothing. With a missing certificate each pull fails with "unable to read CA
        cert".

    How it is fixed:
        Manually: correct the file. containerd reads it before each pull.

    References:
        https://github.com/containerd/containerd/blob/main/docs/hosts.md
    """
    for flaw in hosts.flaws:
        text = (
            f"{flaw.path} names {flaw.lost}, which does not exist: nothing is pulled from {flaw.registry}"
            if flaw.lost
            else f"containerd ignores {flaw.path} ({flaw.why}): its mirrors of {flaw.registry} are not used"
        )
        yield Finding(
            subject=Subject("file", flaw.path),
            message=text,
            evidence=(Evidence(flaw.path, flaw.why or f"names {flaw.lost}"),),
            severity=None if flaw.lost else Severity.WARNING,
            detail=flaw,
        )
