"""The keys of daemon.json: type, releases, default, and whether a reload applies a change.

From Moby's ``daemon/config/config.go``, ``config_linux.go``, ``cmd/dockerd/config*.go`` and ``daemon/reload*.go`` at the
tags 19.03 to 29.7. Releases are (major, minor): a key is known since ``since`` and rejected since ``removed``.
"""

from typing import Any

from msgspec import Struct

from doctor.engines.docker import places as docker

ALWAYS = (0, 0)


class Option(Struct, frozen=True):
    """One key.

    Attributes:
        kind: ``bool``, ``int``, ``string``, ``strings``, ``bytes`` (string or int), ``string-map``, ``bool-map``,
            ``object-map``, ``objects`` (list), ``object``.
        default: the engine's default; ``None`` if it depends on the host.
        reload: whether a running engine applies a new value on SIGHUP.
        since: first release that knows it, (0, 0) for all since 19.03.
        removed: first release that refuses it, ``None`` for none so far.
        successor: the key that replaces it with the same value, "" for none.
        why_removed: the reason for its removal, for the finding.
    """

    kind: str
    default: Any = None
    reload: bool = False
    since: tuple[int, int] = ALWAYS
    removed: tuple[int, int] | None = None
    successor: str = ""
    why_removed: str = ""


OPTIONS = {
    "allow-direct-routing": Option("bool", False, since=(28, 2)),
    "allow-nondistributable-artifacts": Option("strings", reload=True),
    "api-cors-header": Option("string", removed=(28, 0), why_removed="CORS headers belong to a proxy before the API"),
    "authorization-plugins": Option("strings", reload=True),
    "bip": Option("string"),
    "bip6": Option("string", since=(28, 0)),
    "bridge": Option("string"),
    "bridge-accept-fwmark": Option("string", since=(29, 0)),
    "builder": Option("object"),
    "cdi-spec-dirs": Option("strings", since=(25, 0)),
    "cgroup-parent": Option("string"),
    "cluster-advertise": Option("string", removed=(23, 0), why_removed="the external key-value store was removed"),
    "cluster-store": Option("string", removed=(23, 0), why_removed="the external key-value store was removed"),
    "cluster-store-opts": Option("string-map", removed=(23, 0), why_removed="the external key-value store was removed"),
    "config-file": Option("string"),
    "containerd": Option("string"),
    "containerd-namespace": Option("string", docker.NAMESPACE),
    "containerd-plugins-namespace": Option("string", docker.PLUGINS_NAMESPACE),
    "cpu-rt-period": Option("int", 0),
    "cpu-rt-runtime": Option("int", 0),
    "cri-containerd": Option("bool", False),
    "data-root": Option("string", docker.DEFAULT_ROOT),
    "debug": Option("bool", False, reload=True),
    "default-address-pools": Option("objects"),
    "default-cgroupns-mode": Option("string", since=(20, 10), reload=True),
    "default-gateway": Option("string"),
    "default-gateway-v6": Option("string"),
    "default-ipc-mode": Option("string", "private", reload=True),
    "default-network-opts": Option("object-map", since=(24, 0)),
    "default-runtime": Option("string", docker.RUNC, reload=True),
    "default-shm-size": Option("bytes", "64M", reload=True),
    "default-stop-timeout": Option("int", 10, since=(29, 7), reload=True),
    "default-ulimits": Option("object-map"),
    "deprecated-key-path": Option("string"),
    "disable-legacy-registry": Option("bool", removed=(19, 3), why_removed="support for v1 registries was removed"),
    "dns": Option("strings"),
    "dns-opts": Option("strings"),
    "dns-search": Option("strings"),
    "exec-opts": Option("strings"),
    "exec-root": Option("string", docker.EXEC_ROOT),
    "experimental": Option("bool", False),
    "features": Option("bool-map", reload=True),
    "firewall-backend": Option("string", "iptables", since=(29, 0)),
    "fixed-cidr": Option("string"),
    "fixed-cidr-v6": Option("string"),
    "graph": Option("string", removed=(23, 0), successor="data-root", why_removed="it is called data-root since 17.05"),
    "group": Option("string", "docker"),
    "host-gateway-ip": Option("string", since=(20, 10)),
    "host-gateway-ips": Option("strings", since=(28, 0)),
    "hosts": Option("strings"),
    "http-proxy": Option("string", since=(23, 0)),
    "https-proxy": Option("string", since=(23, 0)),
    "icc": Option("bool", True),
    "init": Option("bool", False),
    "init-path": Option("string"),
    "insecure-registries": Option("strings", reload=True),
    "ip": Option("string", "0.0.0.0"),  # noqa: S104 - dockerd's default for published ports
    "ip-forward": Option("bool", True),
    "ip-forward-no-drop": Option("bool", False, since=(28, 0)),
    "ip-masq": Option("bool", True),
    "ip6tables": Option("bool", since=(20, 10)),
    "iptables": Option("bool", True),
    "ipv6": Option("bool", False),
    "labels": Option("strings", reload=True),
    "live-restore": Option("bool", False, reload=True),
    "log-driver": Option("string", "json-file"),
    "log-format": Option("string", "text", since=(25, 0)),
    "log-level": Option("string", "info"),
    "log-opts": Option("string-map"),
    "max-concurrent-downloads": Option("int", 3, reload=True),
    "max-concurrent-uploads": Option("int", 5, reload=True),
    "max-download-attempts": Option("int", 5, since=(20, 10), reload=True),
    "metrics-addr": Option("string"),
    "min-api-version": Option("string", since=(29, 0)),
    "mtu": Option("int", 1500),
    "network-control-plane-mtu": Option("int", 1500),
    "network-diagnostic-port": Option("int", 0, reload=True),
    "no-new-privileges": Option("bool", False),
    "no-proxy": Option("string", since=(23, 0)),
    "node-generic-resources": Option("strings"),
    "nri-opts": Option("object", since=(29, 0)),
    "oom-score-adjust": Option("int", removed=(25, 0), why_removed="the unit sets OOMScoreAdjust= instead"),
    "pidfile": Option("string", docker.PID_FILE),
    "proxies": Option("object", since=(23, 0)),
    "raw-logs": Option("bool", False),
    "registry-mirrors": Option("strings", reload=True),
    "rootless": Option("bool", False),
    "runtimes": Option("object-map", reload=True),
    "seccomp-profile": Option("string"),
    "selinux-enabled": Option("bool", False),
    "shutdown-timeout": Option("int", 15, reload=True),
    "storage-driver": Option("string"),
    "storage-opts": Option("strings"),
    "swarm-default-advertise-addr": Option("string"),
    "tls": Option("bool"),
    "tlscacert": Option("string"),
    "tlscert": Option("string"),
    "tlskey": Option("string"),
    "tlsverify": Option("bool"),
    "userland-proxy": Option("bool", True),
    "userland-proxy-path": Option("string"),
    "userns-remap": Option("string"),
}

RESET_BY_RELOAD = frozenset({
    "features", "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "network-diagnostic-port",
})  # fmt: skip
"""Keys that a reload resets to their default if the file no longer has them (moby daemon/reload.go, 20.10 to 29.7). All
others keep the old value: only a restart applies their removal."""

_RELOAD_ENDS_ENGINE = frozenset({"authorization-plugins"})
"""dockerd exits, and its containers stop, if a reload names a plugin that it can't find (daemon/command/daemon.go)."""

FLAGS_WITHOUT_KEY = {
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "cluster-store-opt": "cluster-store-opts",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "feature": "features",
    "help": "",
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "restart": "",
    "storage-opt": "storage-opts",
    "validate": "",
    "version": "",
}
"""Names of flags that dockerd accepts as keys, because it looks a key up among the flag names, but never reads; with
the intended key ("" for none)."""

KEPT_OBJECTS = frozenset({
    "builder", "cluster-store-opts", "default-network-opts", "default-ulimits", "features", "log-opts", "nri-opts",
    "proxies", "runtimes",
})  # fmt: skip
"""Keys whose object is a value. Every other object is flattened: its children count as top-level keys."""

IN_PROXIES = frozenset({"http-proxy", "https-proxy", "no-proxy"})
"""Keys that dockerd reads only in "proxies": at the top level their flags make it accept them (seen with 26.1.5)."""

NEVER_ACCEPTED = frozenset({
    "containerd-plugin-namespace", "default-init", "resolv-conf", "security-insecure", "swarm-raft-election-tick",
    "swarm-raft-heartbeat-tick",
})  # fmt: skip
"""Keys in Moby's source that every dockerd refuses, because no flag has their name."""


def default_of(key: str) -> Any:
    """Return the engine's default of a key, ``None`` for a key that is unknown or has no default."""
    found = OPTIONS.get(key)
    return None if found is None else found.default


def takes_by_reload(key: str, *, removed: bool) -> bool:
    """Whether a running engine applies a change of this key on SIGHUP, reliably and without a risk to its containers."""
    option = OPTIONS.get(key)
    if option is None or not option.reload or key in _RELOAD_ENDS_ENGINE:
        return False
    return not removed or key in RESET_BY_RELOAD


def is_known(key: str, release: tuple[int, int, int] | None) -> bool:
    """Whether a dockerd of this release accepts the key (whether it reads it or not); ``None``: any supported release."""
    if key in FLAGS_WITHOUT_KEY:
        return True
    option = OPTIONS.get(key)
    if option is None or key in NEVER_ACCEPTED:
        return False
    if release is None:
        return option.removed is None
    return release >= option.since and (option.removed is None or release < option.removed)
