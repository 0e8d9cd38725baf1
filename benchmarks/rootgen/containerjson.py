"""config.v2.json and hostconfig.json with the fields and the order of dockerd 26.1 (moby/moby:container/container.go)."""

from typing import Any

from benchmarks.rootgen.clock import stamp
from benchmarks.rootgen.container import Container
from benchmarks.rootgen.images import run_config

_NEVER = "0001-01-01T00:00:00Z"
_COMMAND = ["sh", "-c", "cat /root/marker; echo again"]
_MASKED = (
    *("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"),
    *("/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"),
)
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_ZEROS = ("CpuPeriod", "CpuQuota", "CpuRealtimePeriod", "CpuRealtimeRuntime")


def config_json(container: Container, seen_as: str, data_root: str, sandbox: str) -> dict[str, Any]:
    """config.v2.json; `seen_as` is the container's directory and `data_root` the root as dockerd names them."""
    ports: dict[str, dict[str, str]] = {"80/tcp": {}} if container.host_port is not None else {}
    run = run_config(
        ["NAME=" + container.name, "SECRET_TOKEN=not-a-secret"],
        _COMMAND,
        {"number": str(container.number)},
        hostname=container.container_id[:12],
        image=container.image.tag or container.image.image_id,
        ports=ports,
    )
    return {
        "StreamConfig": {},
        "State": _state(container),
        "ID": container.container_id,
        "Created": stamp(container.created_minutes),
        "Managed": False,
        "Path": _COMMAND[0],
        "Args": _COMMAND[1:],
        "Config": run,
        "Image": container.image.image_id,
        "ImageManifest": None,
        "NetworkSettings": _network_settings(container, sandbox),
        "LogPath": "" if container.is_new else f"{seen_as}/{container.container_id}-json.log",
        "Name": f"/{container.name}",
        "Driver": "overlay2",
        "OS": "linux",
        "RestartCount": 0,
        "HasBeenStartedBefore": not container.is_new,
        "HasBeenManuallyStopped": not container.is_new,
        "MountPoints": _mount_points(container, data_root),
        "SecretReferences": None,
        "ConfigReferences": None,
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "SeccompProfile": "",
        "NoNewPrivileges": False,
        "HostnamePath": "" if container.is_new else f"{seen_as}/hostname",
        "HostsPath": "" if container.is_new else f"{seen_as}/hosts",
        "ShmPath": "",
        "ResolvConfPath": "" if container.is_new else f"{seen_as}/resolv.conf",
        "LocalLogCacheMeta": {"HaveNotifyEnabled": False},
    }


def _state(container: Container) -> dict[str, Any]:
    return {
        "Running": False,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "RemovalInProgress": False,
        "Dead": False,
        "Pid": 0,
        "ExitCode": 0 if container.is_new else container.exit_code,
        "Error": "",
        "StartedAt": _NEVER if container.is_new else stamp(container.created_minutes),
        "FinishedAt": _NEVER if container.is_new else stamp(container.created_minutes + 5),
        "Health": None,
    }


def _network_settings(container: Container, sandbox: str) -> dict[str, Any]:
    endpoint = {
        "IPAMConfig": None,
        "Links": None,
        "Aliases": None,
        "MacAddress": "",
        "NetworkID": container.network.network_id,
        "EndpointID": "",
        "Gateway": "",
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DriverOpts": None,
        "DNSNames": None,
        "IPAMOperational": False,
        "DesiredMacAddress": "",
    }
    return {
        "Bridge": "",
        "SandboxID": "" if container.is_new else sandbox,
        "SandboxKey": "" if container.is_new else f"/var/run/docker/netns/{sandbox[:12]}",
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "Networks": {container.network.name: endpoint},
        "Service": None,
        "Ports": None,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "HasSwarmEndpoint": False,
    }


def _mount_points(container: Container, data_root: str) -> dict[str, Any]:
    if container.volume is None:
        return {}
    name = container.volume.name
    point = {
        "Source": f"{data_root}/volumes/{name}/_data",
        "Destination": "/data",
        "RW": True,
        "Name": name,
        "Driver": "local",
        "Type": "volume",
        "Relabel": "z",
        "Spec": {"Type": "volume", "Source": name, "Target": "/data"},
        "SkipMountpointCreation": False,
    }
    return {"/data": point}


def host_config_json(container: Container) -> dict[str, Any]:
    """hostconfig.json, with dockerd's defaults."""
    network = container.network
    binding = [{"HostIp": "", "HostPort": str(container.host_port)}]
    rotated = {"max-size": "10m", "max-file": "3"} if container.number % 8 == 0 else {}
    return {
        "Binds": [f"{container.volume.name}:/data"] if container.volume is not None else None,
        "ContainerIDFile": "",
        "LogConfig": {"Type": "json-file", "Config": rotated},
        "NetworkMode": network.name,
        "PortBindings": {"80/tcp": binding} if container.host_port is not None else {},
        "RestartPolicy": {"Name": container.restart_policy, "MaximumRetryCount": 0},
        "AutoRemove": False,
        "VolumeDriver": "",
        "VolumesFrom": None,
        "ConsoleSize": [0, 0],
        "CapAdd": None,
        "CapDrop": None,
        "CgroupnsMode": "host",
        "Dns": [],
        "DnsOptions": [],
        "DnsSearch": [],
        "ExtraHosts": None,
        "GroupAdd": None,
        "IpcMode": "private",
        "Cgroup": "",
        "Links": None,
        "OomScoreAdj": 0,
        "PidMode": "",
        "Privileged": False,
        "PublishAllPorts": False,
        "ReadonlyRootfs": False,
        "SecurityOpt": None,
        "UTSMode": "",
        "UsernsMode": "",
        "ShmSize": 67_108_864,
        "Runtime": "runc",
        "Isolation": "",
        **_limits(),
        "MaskedPaths": list(_MASKED),
        "ReadonlyPaths": list(_READ_ONLY),
    }


def _limits() -> dict[str, Any]:
    devices = (
        "BlkioWeightDevice",
        "BlkioDeviceReadBps",
        "BlkioDeviceWriteBps",
        "BlkioDeviceReadIOps",
        "BlkioDeviceWriteIOps",
    )
    return {
        "CpuShares": 0,
        "Memory": 0,
        "NanoCpus": 0,
        "CgroupParent": "",
        "BlkioWeight": 0,
        **{name: [] for name in devices},
        **dict.fromkeys(_ZEROS, 0),
        "CpusetCpus": "",
        "CpusetMems": "",
        "Devices": [],
        "DeviceCgroupRules": None,
        "DeviceRequests": None,
        "MemoryReservation": 0,
        "MemorySwap": 0,
        "MemorySwappiness": None,
        "OomKillDisable": False,
        "PidsLimit": None,
        "Ulimits": [],
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
    }
