"""Allow a forbidden module and load it."""

from collections.abc import Callable, Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.api.actions.kernel import LoadModule
from doctor.facts.kernel.details import Forbidden

_IPV6 = "ipv6"
_OFF = b"options ipv6 disable=1"


@fixer(applicability=Applicability.SAFE)
def module_blacklisted(detail: Forbidden) -> Iterator[Action]:
    """Comment out a line below /etc, and load the module.

    The line that forbids ipv6 is how many hosts turn IPv6 off: bridge needs the module, but it need not be in use.
    """
    if not detail.file:
        yield Advise(
            text="kernel.modules_disabled can't be reset while the host runs: remove the line that sets it (grep -rn modules_disabled "
            "/etc/sysctl.d /etc/sysctl.conf /usr/lib/sysctl.d), then systemctl reboot"
        )
    elif detail.file.startswith("/etc/"):
        what = f"allow the module {detail.named}: comment out line {detail.line} of {detail.file}"
        instead = b""
        if detail.named == _IPV6 != detail.module:
            instead = _OFF
            what += f", and keep IPv6 off with '{_OFF.decode()}'"
        yield EditFile(path=detail.file, edit=_commented(detail.kind, detail.named, instead), what=what)
        yield LoadModule(name=detail.module)
    else:
        name = detail.file.rpartition("/")[2]
        yield Advise(
            text=f"sed {detail.line}d {detail.file} > /etc/modprobe.d/{name} (it overrides the package's file), then modprobe"
            f" {detail.module}"
        )


def _commented(kind: str, module: str, before: bytes) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        lines = old.split(b"\n")
        found = []
        for index, line in enumerate(lines):
            words = line.split()
            if len(words) > 1 and words[0] == kind.encode() and words[1].replace(b"-", b"_") == module.encode():
                lines[index] = b"#" + line
                found.append(index)
        if before and found:
            # Not after it: the line may continue in the next one.
            lines.insert(found[0], before)
        return b"\n".join(lines)

    return edit
