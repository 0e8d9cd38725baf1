"""Paths of containerd, and names of its processes, units and files.

A path below containerd's root or its state directory is relative to it; a path anywhere else is a ``HostPath``. A directory is
named by its plugin, "io.containerd.TYPE.ID"; without a version, the name is the same in every containerd from 1.0 to 2.1.
"""

from doctor.model.paths import HostPath

NAME = "containerd"
"""The engine's name in doctor."""
DEFAULT_ROOT = HostPath("/var/lib/containerd")
"""The root without ``root`` in the settings (defaults/defaults_unix.go)."""
DEFAULT_STATE = HostPath("/run/containerd")
"""The state directory without ``state`` in the settings (defaults/defaults_unix.go)."""
SOCKET = HostPath("/run/containerd/containerd.sock")
"""The socket without ``grpc.address`` in the settings (defaults/defaults_unix.go)."""
SOCKETS = (SOCKET, HostPath("/var/run/containerd/containerd.sock"))
"""Both spellings of the default socket."""
CONFIG_DIRECTORY = HostPath("/etc/containerd")
CONFIG = HostPath("/etc/containerd/config.toml")
"""The settings file (defaults/defaults_unix.go)."""
PROCESS = "containerd"
SHIM = "containerd-shim-runc-v2"
"""The process that keeps a container running while containerd restarts (since 1.3)."""
SERVICE = "containerd.service"
PID_FILE = "containerd.pid"
"""The pid file of a containerd that dockerd started, in its state directory (Moby libcontainerd/supervisor)."""
SOCKET_NAME = "containerd.sock"

METADATA_DATABASE = "io.containerd.metadata.v1.bolt/meta.db"
"""The metadata database, bolt: images, contents, snapshots, containers and leases (plugins/metadata)."""
CONTENT = "io.containerd.content.v1.content"
"""Contents, and ingests that are not finished."""
BLOBS = "io.containerd.content.v1.content/blobs/sha256"
"""Contents, named by their digest (plugins/content/local)."""
SNAPSHOTTERS = "io.containerd.snapshotter.v1."
"""Prefix of the name of each snapshotter's directory."""
SNAPSHOTTER = "io.containerd.snapshotter.v1.overlayfs"
"""The directory of the snapshotter ``overlayfs`` (plugins/snapshots/overlay)."""
SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs/snapshots"
"""The directories of snapshots, named by number; the files of one are in ``fs``."""
SNAPSHOT_DATABASE = "io.containerd.snapshotter.v1.overlayfs/metadata.db"
"""The database of the snapshotter, bolt (core/snapshots/storage)."""
TASKS = "io.containerd.runtime.v2.task"
"""Bundles of running containers by namespace, below the state directory (since 1.2; core/runtime/v2)."""
PLUGIN_PREFIX = "io.containerd."
"""Prefix of the names of plugins and of shims, which settings name as runtimes."""
RUNC_SHIM = "io.containerd.runc.v2"
"""The runtime that stands for the shim ``containerd-shim-runc-v2``."""
GRPC_PLUGIN = "io.containerd.server.v1.grpc"
"""The settings of the socket, as a plugin (version 3 of the settings, since 2.0)."""
CRI_PLUGINS = ("io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime")
"""The plugin for Kubernetes: until 1.7, since 2.0."""
CRI_IMAGES = "io.containerd.cri.v1.images"
"""The plugin that pulls images for Kubernetes, since 2.0."""
CRI_NAMESPACE = "k8s.io"
"""The namespace of all that the kubelet starts (plugins/cri/constants)."""


def blob(digits: str) -> str:
    """Return a content, by the 64 digits of its digest."""
    return f"{BLOBS}/{digits}"


def snapshot_files(number: int) -> str:
    """Return the directory with the files of a snapshot."""
    return f"{SNAPSHOTS}/{number}/fs"
