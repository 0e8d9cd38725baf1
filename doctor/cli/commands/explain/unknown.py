"""The answer of ``doctor explain`` to a text without a known message: no cause is known, and where it is written."""

import re

from doctor.cli.spelled import pasted
from doctor.cli.wrapped import filled
from doctor.model.message import LONGEST

_NOTHING = "no known error message is in this text, so no cause is named"
_PLACES = (
    (
        r"kubelet|kubeadm|kubepods|pod ?sandbox|\bpods?\b|\bcni\b|\bk3s\b|crictl",
        "'journalctl -b -u kubelet -u containerd' (k3s: -u k3s); 'kubectl describe pod' shows the last events",
    ),
    (r"rootless|slirp4netns|\bpasta\b|new[ug]idmap|/run/user/\d", "'journalctl -b --user -u docker' as that user"),
    (
        r"podman|netavark|conmon|buildah",
        "'journalctl -b -t podman -t conmon'; 'podman --log-level=debug' shows each step",
    ),
    (
        r"iptables|ip6tables|\bnft\b|nf_tables|nftables|firewalld|xtables",
        "'journalctl -b -k' for a missing module, 'iptables -V' and 'lsmod'; 'doctor probe port egress' tests the rules",
    ),
    (
        r"nvidia|\bcuda\b|\bgpus?\b|\bcdi\b",
        "'nvidia-smi' on the host, 'journalctl -b -k' for the driver, and 'nvidia-container-cli -k -d /dev/tty info'",
    ),
    (
        r"x509|\btls\b|registry|manifest|unauthorized|pull(?:ing)? |https?://",
        "'doctor probe registry', 'curl -v' of the address in the line, and 'journalctl -b -u docker'",
    ),
    (
        r"overlay|graphdriver|snapshot|\bmount|layer|i/o error|blk_|EXT4|XFS|BTRFS",
        "'journalctl -b -k' for what the kernel said then; 'findmnt -T' and 'df -h' of the path; 'doctor probe storage'",
    ),
    (
        r"oci runtime|\brunc\b|\bcrun\b|shim|containerd|container_linux|process_linux|cgroup",
        "'journalctl -b -u containerd -u docker' and 'journalctl -b -k' at the time of the line; 'doctor probe start'",
    ),
    (r"docker|daemon|moby|libnetwork|swarm|compose", "'journalctl -b -u docker' at the time of the line"),
)


def unknown(text: str, whole_log: bool = False) -> str:
    """Return the answer: nothing is guessed, and the log and command that show more are named.

    >>> unknown("the printer is on fire").splitlines()[0]
    'no known error message is in this text, so no cause is named'
    """
    lines = [_NOTHING]
    place = next((place for pattern, place in _PLACES if re.search(pattern, text[-LONGEST:], re.IGNORECASE)), "")
    if place:
        lines.append(f"Look at: {place}")
    if not whole_log:
        lines.append(
            "The cause is often in the lines before: 'doctor explain --unit docker' reads them, 'doctor explain -' a log"
        )
    lines.append("'doctor scan' examines the host")
    return pasted("\n".join(part for line in lines for part in filled(line)))
