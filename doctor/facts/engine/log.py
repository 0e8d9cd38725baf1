"""The log of the engine's last failed start, and its interpretation.

Patterns from Moby's ``cmd/dockerd/daemon.go``, ``daemon/daemon.go``, ``daemon/graphdriver``, ``libnetwork`` and runs of 26.1.
"""

import re

from msgspec import Struct


class Cause(Struct, frozen=True):
    """An interpretation of fatal lines: the pattern, the cause in plain words, the advice."""

    pattern: str
    means: str
    do: str


CAUSES = (
    Cause("unable to configure the Docker daemon with file", "it refuses its settings file",
          "see the config findings, else correct what the log line names"),
    Cause("specified both as a flag and in the configuration file", "a setting is set twice", "see config findings"),
    Cause("process with PID \\d+ is still running|ensure docker is not running", "its pid file names a running process",
          "check that process; if it is not dockerd, remove /var/run/docker.pid"),
    Cause("needs to be started with root", "it was not started as root", "start it as root"),
    Cause("can't create unix socket|is a directory", "its socket can't be created", "check /var/run/docker.sock"),
    Cause("no sockets found via socket activation", "it has -H fd://, but systemd passed no socket",
          "start docker.socket, or remove -H fd://"),
    Cause("listen tcp .*bind|address already in use", "another process uses its TCP port", "find it with 'ss -ltnp'"),
    Cause("invalid TLS configuration|could not load X509 key pair", "its certificates can't be used", "see tlscert, tlskey"),
    Cause("timeout waiting for containerd to start|containerd\\.sock.*(deadline|refused|no such file)|failed to dial",
          "containerd does not answer", "start containerd, and check its log"),
    Cause("prior storage driver|storage-driver has been deprecated|driver not supported|prerequisites for driver",
          "its storage driver can't run here", "see the storage findings"),
    Cause("contains several valid graphdrivers", "several storage drivers have images", "set storage-driver to one of them"),
    Cause("error initializing graphdriver|no supported storage driver", "no storage driver works", "see storage findings"),
    Cause("Devices cgroup isn't mounted|cgroups: cgroup mountpoint", "control groups are not mounted", "mount cgroups"),
    Cause("failed to set log opts|unknown log opt", "it rejects the logging options", "see the logging findings"),
    Cause("metadata database: timeout|boltdb: timeout|: timeout$", "another process locks its databases",
          "look for a second dockerd or containerd"),
    Cause("iptables failed|Failed to program NAT chain|Failed to Setup IP tables|failed to create NAT chain",
          "it can't write firewall rules", "see the firewall and kernel findings"),
    Cause("fully subnetted|could not find an available", "no address pool is free", "set default-address-pools"),
    Cause("conflicts with network|overlaps with", "its bridge's subnet is taken", "set bip to a free subnet"),
    Cause("must be created manually", "the bridge that it is configured to use does not exist",
          "create the bridge that the setting 'bridge' names, or remove the setting"),
    Cause("conflict labels for", "two labels have the same name and different values", "keep one of them"),
    Cause("error creating default .*bridge.* network", "the default bridge can't be created", "see the network findings"),
    Cause("can't create ID mappings|Can't find user|Error during [ug]id lookup", "user namespaces are not set up", "check /etc/subuid and /etc/subgid"),
    Cause("opening seccomp profile", "the seccomp profile is missing", "restore it or remove seccomp-profile"),
    Cause("failed to validate authorization plugin", "an authorization plugin does not answer", "start the plugin"),
    Cause("specified default runtime .* does not exist", "the default runtime is not registered", "see runtimes"),
    Cause("invalid userland-proxy-path|docker-proxy", "docker-proxy is not installed", "reinstall the engine's package"),
    Cause("group \\S+ not found", "the socket's group does not exist", "create the group or remove the setting"),
    Cause("no space left on device", "the disk is full", "free space in the data root"),
    Cause("read-only file system", "the data root is read-only", "see the storage findings"),
    Cause("layer does not exist|error initializing buildkit|panic: ", "its own state is corrupt", "see the state findings"),
    Cause("unknown flag|unknown shorthand flag|accepts no arguments", "its command line is wrong", "see config findings"),
)  # fmt: skip

_FATAL = (
    r"failed to start daemon|level=fatal|unable to configure|failed to load listeners|^panic: |unknown flag"
    r"|unknown shorthand|accepts no arguments|Error starting daemon|failed to start containerd|^conflict labels for"
    r"|^invalid TLS configuration|^Error during [ug]id lookup"
)
_START = r'msg="?Starting up|Starting Docker Application Container Engine|Starting up"'


class EngineLog(Struct, frozen=True, kw_only=True):
    """The end of the engine's log: the lines of its last start only.

    Attributes:
        source: the log file, or the command that printed it.
        lines: the lines since "Starting up"; credentials in URLs are masked.
    """

    source: str
    lines: tuple[str, ...]

    @property
    def fatal(self) -> str:
        """Return the line of the fatal error, "" for none."""
        found = [line for line in self.lines if re.search(_FATAL, line)]
        return found[-1] if found else ""

    def cause(self) -> Cause | None:
        """Return the cause of the fatal line, ``None`` if no pattern matches."""
        line = self.fatal
        return next((cause for cause in CAUSES if line and re.search(cause.pattern, line)), None)


def last_start(lines: list[str]) -> list[str]:
    """Return the lines of the last start: those since its first message, or all if that is missing.

    >>> last_start(['level=info msg="Starting up"', "old", 'level=info msg="Starting up"', "new"])
    ['level=info msg="Starting up"', 'new']
    """
    starts = [number for number, line in enumerate(lines) if re.search(_START, line)]
    return lines[starts[-1] :] if starts else lines
