"""Reads the resolv.conf that the engine wrote for each running container: the host's file, never the container's view of it."""

import re

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.network.networks import Networks
from doctor.facts.path.resolv_files import ContainerServers, ResolvFiles
from doctor.facts.path.resolvers import ADDRESS
from doctor.formats.network import resolv_conf
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import join

_SOURCE = re.compile(r"^# Based on host file: '([^'\n]*)'", re.MULTILINE)
_CHOSEN = re.compile(r"^# Overrides: \[[^\]\n]*nameservers", re.MULTILINE)
_OUTER = re.compile(r"^# ExtServers: \[([^\]\n]*)\]", re.MULTILINE)
_OF_HOST = re.compile(r"host\(([^)]*)\)")
_INSIDE = "/etc/resolv.conf"
_LARGEST_BYTES = 64 << 10


@collector
def resolv_files(host: Host, containers: Containers, networks: Networks) -> ResolvFiles:
    """Return their name servers."""
    running = {endpoint.container_id for endpoint in networks.running}
    found: list[ContainerServers] = []
    gaps: list[Missing] = []
    for container in containers.items:
        if container.id not in running:
            continue
        path = join(container.directory, docker.RESOLV_CONF)
        try:
            text = decode(host.read(path, follow=False, limit_bytes=_LARGEST_BYTES))
        except HostError as error:
            gaps += () if error.is_absent else (error.missing,)
            continue
        source, outer = _SOURCE.search(text), _OUTER.search(text)
        own = resolv_conf.parse(text).nameservers
        words = own if outer is None else tuple(outer[1].split())
        servers = tuple(_OF_HOST.sub(r"\1", word) for word in words)
        is_loopback = ADDRESS in own and outer is None
        found.append(
            ContainerServers(
                container=container.title,
                path=path,
                source=source[1] if source is not None else "",
                servers=servers,
                asked_here=() if is_loopback else tuple(word for word in words if not _OF_HOST.fullmatch(word)),
                is_chosen=_CHOSEN.search(text) is not None,
                is_replaced=ADDRESS not in resolv_conf.parse(text).nameservers
                or any(mount.destination == _INSIDE for mount in container.mounts),
            )
        )
    return ResolvFiles(items=tuple(found), gaps=tuple(gaps))
