"""A rule file for the next boot has Docker's rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.firewall.files import FirewallFiles
from doctor.model.text import plural


@check(severity=Severity.WARNING, detail=OfFile, ok="no saved rule file has Docker's rules")
def saved_docker_rules(files: FirewallFiles) -> Iterator[Finding]:
    """A file that is loaded at boot has a copy of Docker's rules, for containers that may no longer exist.

    What it looks at:
        /etc/iptables/rules.v4 and .v6, /etc/sysconfig/iptables and similar files: Docker's chains, rules in them and jumps to
        them. DOCKER-USER does not count, because it belongs to the administrator. If nothing loads the file, it is only noted.

    Why it matters:
        ``iptables-save`` into these files also saves Docker's current rules. The next boot loads them before dockerd starts,
        and a stale translation is then above the right one: the port leads to an address that no container has.

    How it is fixed:
        Docker's lines are removed from the file; every other byte is kept. dockerd creates its rules at each start.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for saved in files.saved:
        if saved.engine_lines:
            number, line = saved.engine_lines[0]
            yield Finding(
                subject=Subject("file", saved.path),
                message=f"{saved.path} has {plural(len(saved.engine_lines), 'line')} of Docker's rules, which"
                + (
                    " the next boot loads though they may be stale"
                    if saved.is_loaded
                    else f" {saved.service} would load"
                ),
                severity=None if saved.is_loaded else Severity.INFO,
                evidence=(Evidence(f"{saved.path}:{number}", line),),
                detail=OfFile(path=saved.path),
            )
