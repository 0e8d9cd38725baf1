"""A rule file for the next boot holds Docker's rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.firewall.files import FirewallFiles


@check(severity=Severity.WARNING, detail=OfFile, ok="no saved rule file holds Docker's rules")
def saved_docker_rules(files: FirewallFiles) -> Iterator[Finding]:
    """A file that is loaded at boot holds a copy of Docker's rules, for containers that may not be there any more.

    What it looks at:
        /etc/iptables/rules.v4 and .v6, /etc/sysconfig/iptables and its twins: chains that Docker makes, rules in them and
        jumps to them. DOCKER-USER does not count: it is the administrator's. If nothing loads the file it is only noted.

    Why it matters:
        ``iptables-save`` into these files takes Docker's rules of that moment along. The next boot loads them before dockerd
        starts, and a stale translation then stands above the right one: the port leads to an address nobody has.

    How it is fixed:
        Docker's lines are taken out of the file, every other byte stays. dockerd makes its rules at each start.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for saved in files.saved:
        if saved.engine_lines:
            number, line = saved.engine_lines[0]
            yield Finding(
                subject=Subject("file", saved.path),
                message=f"{saved.path} holds {len(saved.engine_lines)} lines of Docker's rules, which"
                + (" go stale and come back at the next boot" if saved.is_loaded else f" {saved.service} would load"),
                severity=None if saved.is_loaded else Severity.INFO,
                evidence=(Evidence(f"{saved.path}:{number}", line),),
                detail=OfFile(path=saved.path),
            )
