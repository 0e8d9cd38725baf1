"""Paths of Docker Engine, and names of its processes, units and files.

A path below the data root is relative to it: ``root.at(docker.NETWORK_DATABASE)`` is its path on a host, the relative name its
key in a metadata backup. A path anywhere else is a ``HostPath``.

Sources are paths in Moby's repository; without a version, the name is the same in every engine from 1.10 to 29.
"""

from doctor.model.paths import HostPath

NAME = "docker"
"""The engine's name in doctor."""

# The data root

DEFAULT_ROOT = HostPath("/var/lib/docker")
"""The data root without ``data-root`` (daemon/config/config_linux.go)."""
ENGINE_ID = "engine-id"
"""The engine ID file (daemon/id.go, since 23.0; before, the ID came from ``KEY_FILE``)."""
IMAGE = "image"
"""The image stores, one directory for each storage driver (daemon/daemon.go)."""
CONTAINERS = "containers"
"""The directories of containers, named by ID (daemon/daemon.go)."""
NETWORK = "network"
NETWORK_DATABASE = "network/files/local-kv.db"
"""The network database, bolt (libnetwork/datastore; file name in libnetwork/datastore/datastore.go)."""
NETWORK_BUCKET = "libnetwork"
"""The bucket with all its records (daemon/daemon_unix.go)."""
NETWORK_KEYS = "docker/network/v1.0/"
"""Prefix of each key in it; KIND/ID/ follow (libnetwork/datastore)."""
VOLUMES = "volumes"
VOLUME_DATABASE = "volumes/metadata.db"
"""The volume database, bolt (volume/service/store.go)."""
VOLUME_BUCKET = "volumes"
"""The bucket with all its records (volume/service/db.go)."""
VOLUME_DATA = "_data"
"""The files of a local volume, in its directory (volume/local/local.go)."""
VOLUME_QUOTA = "backingFsBlockDev"
"""The block device that quotas need, among the volumes (quota/projectquota.go)."""
VOLUME_OPTIONS = "opts.json"
"""The mount options of a local volume, in its directory (volume/local/local.go)."""
PLUGINS = "plugins"
SWARM = "swarm"
"""Files of a node of a swarm (daemon/cluster, swarmkit)."""
SWARM_STATE, SWARM_PEERS = "swarm/docker-state.json", "swarm/state.json"
SWARM_CERTIFICATE, SWARM_KEY = "swarm/certificates/swarm-node.crt", "swarm/certificates/swarm-node.key"
SWARM_AUTHORITY = "swarm/certificates/swarm-root-ca.crt"
SWARM_RAFT, SWARM_LOG, SWARM_TASKS = "swarm/raft", "swarm/raft/wal-v3-encrypted", "swarm/worker/tasks.db"
TRUST = "trust"
SNAP_ROOT = HostPath("/var/snap/docker/common/var-lib-docker")
"""The data root of the snap package."""
RUNTIMES = "runtimes"
"""Scripts that start runtimes with arguments (daemon/runtime_unix.go)."""
PLUGINS_TMP, TMP = "plugins/tmp", "tmp"
CONTAINERD = "containerd"
OWN_CONTAINERD = "containerd/daemon"
"""The root of the containerd that dockerd starts itself (libcontainerd/supervisor); its files are named by containerd's places."""
OWN_CONTAINERD_MARK = "/docker/containerd/"
"""In the command line of such a containerd: its settings are below the exec root (libcontainerd/supervisor/remote_daemon.go)."""

# BuildKit, by builder/builder-next/controller.go

BUILDKIT = "buildkit"
BUILDKIT_DATABASES = ("cache.db", "containerdmeta.db", "history.db", "metadata_v2.db", "snapshots.db")
"""BuildKit's databases, bolt, in its directory; they refer to each other. ``history.db`` since 23.0."""
BUILDKIT_CACHE = "cache.db"
BUILDKIT_METADATA = "metadata_v2.db"
BUILDKIT_SNAPSHOTS = "snapshots.db"
BUILDKIT_BLOBS = "buildkit/content/blobs/sha256"
BUILDKIT_INGEST = "buildkit/content/ingest"
BUILDKIT_EXECUTOR = "buildkit/executor"

# Storage drivers, by daemon/graphdriver

OVERLAY2 = "overlay2"
"""The storage driver; its layer directories are in a directory of this name (daemon/graphdriver/overlay2/overlay.go)."""
GRAPH_DRIVERS = (OVERLAY2, "fuse-overlayfs", "btrfs", "zfs", "vfs", "aufs", "overlay", "devicemapper")
"""All storage drivers that the engine has ever had on Linux; each owns a directory with its name in the data root."""
PRIOR_DRIVERS = (OVERLAY2, "fuse-overlayfs", "btrfs", "zfs")
"""Drivers whose non-empty directory makes the engine choose them (daemon/graphdriver/driver.go,
scanPriorDrivers, since 24.0): vfs and the removed ones don't."""
SNAPSHOTTER = "overlayfs"
"""The storage driver that ``docker info`` shows if containerd stores the images."""
SNAPSHOTTER_MARK = "snapshotter"
"""In ``driver-type`` of ``docker info`` then."""
SNAPSHOTTER_FEATURE = "containerd-snapshotter"
"""The feature in daemon.json that chooses it (since 24.0)."""
SHORT_LINKS = "l"
"""The directory of short links, among the layer directories."""
SHORT_LINK_PREFIX = "l/"
"""Prefix of each entry of ``lower``."""
LINK, LOWER, DIFF, WORK, MERGED, COMMITTED = "link", "lower", "diff", "work", "merged", "committed"
"""Entries of a layer directory; ``committed`` since 18.09."""
INIT_SUFFIX = "-init"
"""Suffix of the layer directory that the engine prepares below a container's writable layer (layer/layer_store.go)."""

# The image store of a storage driver: IMAGE/DRIVER

IMAGEDB_CONTENT = "imagedb/content"
IMAGE_CONFIGS = "imagedb/content/sha256"
"""Image configs, named by their digest (image/fs.go); relative to the image store, as are the next five."""
IMAGE_METADATA = "imagedb/metadata/sha256"
"""Directories with ``parent`` and ``lastUpdated`` of an image (image/fs.go)."""
LAYERDB = "layerdb"
LAYER_RECORDS = "layerdb/sha256"
"""Layer records, named by chain ID (layer/filestore.go)."""
MOUNT_RECORDS = "layerdb/mounts"
"""Mount records, named by container ID (layer/filestore.go)."""
UNFINISHED_RECORDS = "layerdb/tmp"
"""Layer records that were being written (layer/filestore.go)."""
TAGS = "repositories.json"
"""The tag file: references and the images that they name (reference/store.go)."""
PARENT = "parent"
"""The parent's digest: in a layer record, a mount record and the metadata of an image."""
DIFF_ID, CACHE_ID, LAYER_SIZE = "diff", "cache-id", "size"
"""Files of a layer record."""
TAR_SPLIT = "tar-split.json.gz"
"""The tar-split file of a layer record."""
MOUNT_ID, INIT_ID = "mount-id", "init-id"
"""Files of a mount record: the names of the writable layer and of the init layer."""
REMOVING_SUFFIX = "-removing"
"""Suffix of a layer record that is being removed (layer/filestore.go, since 19.03)."""

# A container's directory (container/container.go)

CONTAINER_CONFIG = "config.v2.json"
HOST_CONFIG = "hostconfig.json"
LOG_SUFFIX = "-json.log"
RESOLV_CONF_HASH = "resolv.conf.hash"
HOSTS, HOSTNAME, RESOLV_CONF = "hosts", "hostname", "resolv.conf"
TEMPORARY_PREFIX = ".tmp-"
"""Prefix of a temporary file that will replace another (pkg/atomicwriter, pkg/ioutils)."""

# The host

CONFIG_DIRECTORY = HostPath("/etc/docker")
DAEMON_JSON = HostPath("/etc/docker/daemon.json")
"""The settings file without ``config-file`` (daemon/config/config_linux.go)."""
KEY_FILE = HostPath("/etc/docker/key.json")
"""The key of engines before 23.0 and of Docker Content Trust."""
SOCKET = HostPath("/var/run/docker.sock")
"""The socket without ``hosts`` (opts/hosts_unix.go)."""
SOCKET_NAME = "docker.sock"
SOCKETS = (SOCKET, HostPath("/run/docker.sock"))
"""Both spellings of the default socket."""
PLUGIN_SOCKETS = (HostPath("/run/docker/plugins"),)
PLUGIN_SPECS = (HostPath("/etc/docker/plugins"), HostPath("/usr/lib/docker/plugins"))
"""Sockets and spec files of old-style plugins (pkg/plugins/discovery.go)."""
PID_FILE = HostPath("/var/run/docker.pid")
"""The pid file without ``pidfile`` (daemon/config/config_linux.go)."""
EXEC_ROOT = HostPath("/var/run/docker")
"""State that ends with the boot, without ``exec-root`` (daemon/config/config_linux.go)."""
EXEC_ROOTS = (HostPath("/run/docker"), EXEC_ROOT)
RUNC_STATE = "runtime-runc/moby"
"""runc's state of running containers, below the exec root."""
RUNTIME_STATE = "state.json"
"""The state of one container, in its directory there (runc libcontainer)."""
EXEC_CONTAINERD = "containerd"
"""Pipes of running containers and the sockets of dockerd's own containerd, below the exec root."""
LOG_FILES = (
    HostPath("/var/log/docker.log"),
    HostPath("/var/log/dockerd.log"),
    HostPath("/var/log/docker/docker.log"),
    HostPath("/var/log/upstart/docker.log"),
)
"""The engine's log with init scripts of distributions; with systemd it is in the journal."""
DEBIAN_OPTIONS = HostPath("/etc/default/docker")
RED_HAT_OPTIONS = HostPath("/etc/sysconfig/docker")
OPENRC_OPTIONS = HostPath("/etc/conf.d/docker")
OPTION_FILES = (
    DEBIAN_OPTIONS,
    RED_HAT_OPTIONS,
    HostPath("/etc/sysconfig/docker-storage"),
    HostPath("/etc/sysconfig/docker-network"),
    OPENRC_OPTIONS,
)
"""Files of distributions with command-line options."""
INIT_SCRIPT = HostPath("/etc/init.d/docker")
NAMESPACE, PLUGINS_NAMESPACE = "moby", "plugins.moby"
"""The containerd namespaces of dockerd's containers and images, and of its plugins (libcontainerd)."""
DANGLING = "moby-dangling@sha256:"
"""Prefix of containerd's name of an image without a tag (daemon/containerd/image_builder.go)."""

PROCESS = "dockerd"
PROCESSES = (PROCESS, "dockerd-current")
"""Names of the engine's process; the second one is Red Hat's of Docker 1.12 and 1.13."""
PROGRAMS = (
    HostPath("/usr/bin/dockerd"),
    HostPath("/usr/sbin/dockerd"),
    HostPath("/usr/local/bin/dockerd"),
    HostPath("/usr/local/sbin/dockerd"),
    HostPath("/snap/docker/current/bin/dockerd"),
)
"""Paths of the engine's program in packages."""
HELPER_DIRECTORIES = ("/usr/libexec/docker", "/usr/lib/docker", "/usr/local/libexec/docker")
"""Directories of packages for programs that only the engine starts."""
CLIENT, INIT, PROXY, RUNC = "docker", "docker-init", "docker-proxy", "runc"
"""Programs beside it: the command, the init of ``docker run --init``, the proxy of published ports, the default runtime."""
SERVICE = "docker.service"
JOURNAL = (
    *("journalctl", f"_SYSTEMD_UNIT={SERVICE}", "_TRANSPORT=stdout", "+", "_UID=0", f"UNIT={SERVICE}"),
    *("+", "_UID=0", f"COREDUMP_UNIT={SERVICE}", "-o", "cat", "--no-pager"),
)
"""The engine's own lines, and those of systemd about it. ``-u`` also prints those of containers with the drivers journald and syslog."""
JOURNAL_SOURCE = f"journalctl -u {SERVICE}"
SOCKET_UNIT = "docker.socket"
UNITS = (SERVICE, SOCKET_UNIT)
DROPINS = HostPath("/etc/systemd/system/docker.service.d")
CRI_PROCESS = "cri-dockerd"
"""The program that gives Docker Engine a CRI socket for Kubernetes (github.com/Mirantis/cri-dockerd)."""


def image_store(driver: str = OVERLAY2) -> str:
    """Return the image store of a storage driver."""
    return f"{IMAGE}/{driver}"


def image_config(identity: str, driver: str = OVERLAY2) -> str:
    """Return the config of an image, by the 64 digits of its ID."""
    return f"{IMAGE}/{driver}/{IMAGE_CONFIGS}/{identity}"


def image_metadata(identity: str, driver: str = OVERLAY2) -> str:
    """Return the directory with the metadata of an image."""
    return f"{IMAGE}/{driver}/{IMAGE_METADATA}/{identity}"


def tags(driver: str = OVERLAY2) -> str:
    """Return the tag file."""
    return f"{IMAGE}/{driver}/{TAGS}"


def tar_split(chain: str, driver: str = OVERLAY2) -> str:
    """Return the tar-split file of a layer."""
    return f"{IMAGE}/{driver}/{LAYER_RECORDS}/{chain}/{TAR_SPLIT}"


def init_layer(identity: str | None) -> str:
    """Return the name of the layer directory that the engine prepares below a writable layer."""
    return f"{identity}{INIT_SUFFIX}"


def container_file(container: str, name: str) -> str:
    """Return a file in the directory of a container."""
    return f"{CONTAINERS}/{container}/{name}"


def plugin_config(plugin: str) -> str:
    """Return the settings of a managed plugin."""
    return f"{PLUGINS}/{plugin}/config.json"


def volume_options(volume: str) -> str:
    """Return the file with the options of a local volume."""
    return f"{VOLUMES}/{volume}/{VOLUME_OPTIONS}"


def log_name(container: str) -> str:
    """Return the name of a container's ``json-file`` log, in its directory."""
    return f"{container}{LOG_SUFFIX}"
