"""Names of settings whose values are known not to be secret. Everything else is masked before it leaves the host.

A list of secret names is never complete: a logging driver plugin chooses the name of its token.
"""

import re

from doctor.facts.config.options import FLAGS_WITHOUT_KEY, OPTIONS

WRAPPERS = frozenset({
    # Settings of the engine with a list or map of other settings; each of those is judged by its own name.
    "builder", "cluster-store-opts", "default-address-pools", "default-network-opts", "default-ulimits", "exec-opts",
    "exec-opt", "features", "gc", "labels", "label", "log-opts", "log-opt", "nri-opts", "proxies", "runtimes", "storage-opts",
    "storage-opt", "default-ulimit", "default-network-opt", "default-address-pool", "add-runtime", "opt", "opts",
    # Flags of docker, helm and update-alternatives with an assignment or a plain name.
    "filter", "security-opt", "set",
    # Variables and directives that hold flags, assignments or mount options.
    "DOCKERD_OPTS", "DOCKER_NETWORK_OPTIONS", "DOCKER_OPTIONS", "DOCKER_OPTS", "DOCKER_STORAGE_OPTIONS", "Environment",
    "ExecReload", "ExecStart", "ExecStartPost", "ExecStartPre", "ExecStop", "KUBELET_EXTRA_ARGS", "KUBELET_KUBEADM_ARGS", "OPTIONS",
    "OTHER_ARGS", "Options", "o", "options",
    # Fields of a log line of dockerd and containerd: they have the error messages.
    "desc", "err", "error", "level", "module", "msg", "time",
})  # fmt: skip
"""Names whose value is examined instead of masked as a whole."""

_LOG_OPTIONS = (
    "awslogs-create-group awslogs-create-stream awslogs-datetime-format awslogs-endpoint awslogs-force-flush-interval-seconds "
    "awslogs-format awslogs-group awslogs-max-buffered-events awslogs-multiline-pattern awslogs-region awslogs-stream "
    "cache-compress cache-disabled cache-max-file cache-max-size compress disable-tls env env-regex fluentd-address fluentd-async "
    "fluentd-async-connect fluentd-async-reconnect-interval fluentd-buffer-limit fluentd-max-retries fluentd-read-timeout "
    "fluentd-request-ack fluentd-retry-wait fluentd-sub-second-precision fluentd-write-timeout gcp-log-cmd gcp-meta-id "
    "gcp-meta-name gcp-meta-zone gcp-project gelf-address gelf-compression-level gelf-compression-type gelf-tcp-max-reconnect "
    "gelf-tcp-reconnect-delay labels-regex line-only max-buffer-size max-file max-filesize max-size mode splunk-caname "
    "splunk-capath splunk-format splunk-gzip splunk-gzip-level splunk-index splunk-index-acknowledgment "
    "splunk-insecureskipverify splunk-source splunk-sourcetype splunk-url splunk-verify-connection syslog-address "
    "syslog-facility syslog-format syslog-tls-ca-cert syslog-tls-cert syslog-tls-key syslog-tls-skip-verify tag"
)
_STORAGE_OPTIONS = (
    "aufs.size base btrfs.min_space dm.basesize dm.blkdiscard dm.blocksize dm.datadev dm.directlvm_device dm.fs "
    "dm.libdm_log_level dm.loopdatasize dm.loopmetadatasize dm.metadatadev dm.min_free_space dm.mkfsarg dm.mountopt "
    "dm.override_udev_sync_check dm.thinpooldev dm.use_deferred_deletion dm.use_deferred_removal native.cgroupdriver "
    "overlay.override_kernel_check overlay2.override_kernel_check overlay2.size size zfs.fsname"
)
_OBJECTS = (
    "Hard Name Soft base default-address-pools enabled default-keep-storage defaultKeepStorage path runtimeType size "
    "com.docker.network.bridge.default_bridge com.docker.network.bridge.enable_icc "
    "com.docker.network.bridge.enable_ip_masquerade com.docker.network.bridge.gateway_mode_ipv4 "
    "com.docker.network.bridge.gateway_mode_ipv6 com.docker.network.bridge.host_binding_ipv4 com.docker.network.bridge.name "
    "com.docker.network.driver.mtu log_driver log-driver"
)
_VARIABLES = (
    "ALL_PROXY BASH DOCKERD DOCKER_API_VERSION DOCKER_CERT_PATH DOCKER_CONTENT_TRUST DOCKER_DRIVER DOCKER_HOST "
    "DOCKER_INSECURE_NO_IPTABLES_RAW DOCKER_LOGFILE DOCKER_MIN_API_VERSION DOCKER_NOFILE DOCKER_PIDFILE DOCKER_RAMDISK "
    "DOCKER_TLS_VERIFY DOCKER_ULIMITS DOCKER_WINDOWSFILTER_NOREPARSEEXEC FTP_PROXY GODEBUG GOGC GOMAXPROCS GOTRACEBACK HOME "
    "DOCTOR_CONFIG DOCTOR_STATE_DIR HTTPS_PROXY HTTP_PROXY LANG LC_ALL LOGFILE LOGNAME NOTIFY_SOCKET NO_COLOR NO_PROXY PATH PIDFILE PWD SHELL TERM TMPDIR TZ USER "
    "all_proxy ftp_proxy http_proxy https_proxy no_proxy"
)
_DIRECTIVES = (
    "After Alias Before BindsTo Conflicts Delegate Description Documentation ENABLED EnvironmentFile ExecMainStatus ID ImportPath "
    "KillMode LimitCORE LimitNOFILE LimitNPROC ListenStream MemoryMax NRestarts NeedDaemonReload OOMScoreAdjust OnFailure PartOf "
    "RefuseManualStart Requires RequiresMountsFor Restart RestartSec Result Service SocketGroup SocketMode SocketUser StandardError StandardOutput "
    "StartLimitBurst StartLimitInterval StartLimitIntervalSec Storage SubState TasksMax TimeoutSec TimeoutStartSec TimeoutStopSec "
    "Type VERSION WantedBy Wants What Where DNS DNSStubListener SystemMaxUse RuntimeMaxUse ActiveState LoadState MainPID "
    "UnitFileState"
)
_MOUNTS = (
    "dev device-type fsc gid index lowerdir metacopy mode nfsvers nr_inodes redirect_dir rsize sec size timeo type uid upperdir "
    "userxattr vers volatile workdir wsize xino"
)
_CONTAINERD = (
    "SystemdCgroup address bin_dir conf_dir config_path default_runtime_name disabled_plugins gid imports max_recv_message_size "
    "oom_score plugins required_plugins root root_path runtime_type sandbox_image snapshotter state temp uid version"
)
_KERNEL = "apparmor constraint cgroup_disable cgroup_enable cgroup_memory quiet ro rootfstype root security selinux swapaccount"
_FLAGS = (
    # Options of iptables, nft, ip, systemctl, docker and doctor itself, as in advice and rules.
    "add-interface add-port add-protocol add-service algo allow all apply changelog choose cidr comment config-file cpus ctdir ctstate data-block-size deep dport dports "
    "bundle data-root dry-run dst-range dst-type entrypoint fail-on file for-engine force format from gateway graph hosts-dir icmp-type icmpv6-type id internal ip-range ipv6 length "
    "limit limit-burst list log-level log-prefix lower mac-source mark match-set memory memory-swap name network no-stream now "
    "nr-data-blocks oom-score-adjust out output overlay path pid pids platform port-range ports probe reject-with reload repair resume root rsource "
    "run save-mark scheduled seconds select set-mark set-xmark since skip sport sports src-range src-type since-last state storage-opt subnet sync system tag trace "
    "tcp-flags client-name org sparse timestamp to permanent to-destination to-ports to-source transaction-id uid-owner update volumes yes zone remove-interface "
    "add-subgids add-subuids advertise-addr cgroupns failed make-rshared previous seccomp task_memcg unit userns vsyscall "
    "color every full net only-upgrade qf reinstall runtime tar time-style xattrs-include"
)
_DOCTOR = "bytes count errno exit exit-code inode key kind line lines pages rack severity since until slot"
_DISK = "backing back blocks cause cut forwards hash interface major minor nodes page peer pid rule state status table"

_LISTS = (
    _LOG_OPTIONS, _STORAGE_OPTIONS, _OBJECTS, _VARIABLES, _DIRECTIVES, _MOUNTS, _CONTAINERD, _KERNEL, _FLAGS, _DOCTOR, _DISK,
)  # fmt: skip
NAMES = frozenset(OPTIONS).union(FLAGS_WITHOUT_KEY, *(words.split() for words in _LISTS)) - WRAPPERS
"""Known names. They include proxies and addresses: the credentials in a URL are always masked."""

_PATTERNS = (
    r"(?:net|kernel|vm|fs|user|dev|abi|ipv4|ipv6)[./][\w./-]+"  # sysctls
    r"|CONFIG_[A-Z0-9_]+"  # the kernel's build
    r"|[\w-]+\.com/(?:gpu|mig|npu|rdma)\w*"  # CDI devices
    r"|systemd\.[\w.]+|[a-z_]+\.unified_cgroup_hierarchy"
    r"|(?:tcp|udp|sctp|ip|ip6|ct|meta|iif|oif)\w*"  # nft
)
_SUSPECT = r"(?i)token|pass|secret|cred|key|auth|pwd|pin|login|user|sign"
_PLACEHOLDERS = frozenset(
    {"CANDIDATE", "FILE", "GATEWAY", "HOST", "INTERFACE", "NAME", "PORT", "USER", "VALUE", "ADDRESS", "…"}
)
"""Placeholders in doctor's own advice."""
_VALUES = (
    r"(?i)(?:true|false|yes|no|on|off|null|none|auto|default|enabled|disabled|\*{3})"
    r"|-?(?:0x[0-9a-f]{1,8}|\d{1,6}(?:\.\d{1,3})?) ?(?:[kmgtp]i?b?|%|ms|us|s|m|h|d)?"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?"
)


def is_harmless(name: str) -> bool:
    """Whether the value of this name may be shown."""
    return name in NAMES or re.fullmatch(_PATTERNS, name) is not None


def is_plain(name: str, value: str) -> bool:
    """Whether a value is not secret whatever its name: a switch, a small number with a unit, an address.

    >>> is_plain("retries", "5"), is_plain("api-token", "1234"), is_plain("mode", "hunter2"), is_plain("token", "VALUE")
    (True, False, False, True)
    """
    if not value or is_placeholder(value):
        return True
    return re.search(_SUSPECT, name) is None and re.fullmatch(_VALUES, value) is not None


def is_placeholder(value: str) -> bool:
    """Whether a value is a placeholder in doctor's own advice.

    >>> is_placeholder("HOST"), is_placeholder("hunter2")
    (True, False)
    """
    return value in _PLACEHOLDERS


def is_prose(name: str, value: str) -> bool:
    """Whether a bare word after a quoted name and a colon belongs to a sentence, as in "can't open 'data': No such file".

    >>> is_prose("data", "No"), is_prose("data", "hunter2"), is_prose("api-token", "letters")
    (True, False, False)
    """
    return re.fullmatch(r"[A-Za-z]+", value) is not None and re.search(_SUSPECT, name) is None
