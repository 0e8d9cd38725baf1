"""The networks that containers need."""

from doctor.facts.containers.containers import Attachment, Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.formats.images.oci_digest import is_hex64

BUILT_IN = ("bridge", "host", "none")
"""Networks that the engine creates itself at every start."""


def wanted_networks(containers: Containers) -> dict[str, list[Attachment]]:
    """Return network id → attachments of containers, for networks that the engine does not create itself."""
    found: dict[str, list[Attachment]] = {}
    for container in containers.items:
        for attachment in container.networks:
            if is_hex64(attachment.network_id) and attachment.name not in BUILT_IN:
                found.setdefault(attachment.network_id, []).append(attachment)
    return found


def missing_networks(database: NetworkDatabase, containers: Containers) -> dict[str, str]:
    """Return id → name of networks with containers that are missing in the newest valid tree."""
    return {
        identity: attachments[0].name
        for identity, attachments in wanted_networks(containers).items()
        if identity not in database.networks
    }
