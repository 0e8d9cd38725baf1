"""Turn swap off."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.api.actions.mounts import SwapOff
from doctor.facts.host.swaps import Swaps
from doctor.formats.host import fstab
from doctor.formats.text import decode, encode
from doctor.model.paths import HostPath


@fixer(applicability=Applicability.DISRUPTIVE)
def swap_on(swaps: Swaps) -> Iterator[Action]:
    """Turn swap off now and at boot; if memory has no room for the swapped-out pages, show advice."""
    if not swaps.fits_memory:
        yield Advise(
            text=f"first free memory: {swaps.used_kib // 1024} MiB are swapped out; then swapoff -a, and comment out"
            " the swap lines in /etc/fstab (sed -i '/\\sswap\\s/s/^/# /' /etc/fstab)"
        )
        return
    for device in swaps.devices:
        yield SwapOff(device=device)
    yield EditFile(path=HostPath("/etc/fstab"), edit=_without_swap, what="comment out the swap areas in /etc/fstab")


def _without_swap(old: bytes) -> bytes:
    return encode(fstab.without_swap(decode(old)))
