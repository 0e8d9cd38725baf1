"""Reads the note."""

from doctor.api import HostPath, collector
from doctor.host.base import Host
from doctor_acme.facts.note import Note


@collector
def note(host: Host) -> Note:
    """Return the note; a host without one has no such fact."""
    return Note(text=host.read(HostPath("/etc/acme-note")).decode("utf-8", "replace"))
