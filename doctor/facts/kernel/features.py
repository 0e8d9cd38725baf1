"""Kernel features that a container host needs, and their state: observed if possible, else from the build config."""

from msgspec import Struct

from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System
from doctor.facts.kernel.kernel import BuildConfig, Kernel
from doctor.facts.kernel.modules import Modules
from doctor.model.missing import Missing


class Feature(Struct, frozen=True, kw_only=True):
    """One feature of a kernel.

    Attributes:
        name: short name, for subjects ("overlay").
        consequence: what fails without it, completing "without it …".
        options: CONFIG_ names; one of them is sufficient (two firewall backends, a renamed option).
        modules: modules, one of which provides it.
        file_system: type in /proc/filesystems that proves it.
        paths: files of /proc or /sys, one of which proves it.
        link_kind: kind of an interface that proves it.
        required: whether the engine or every container needs it.
        when: condition for its need: "" always, "cgroup2", "overlay" (the storage driver), "network:DRIVER", "swarm" (a
            service runs), "iptables" or "nftables" (how the engine filters).
        by_program: whether a program loads its module with modprobe; the kernel loads the others itself on demand.
    """

    name: str
    consequence: str
    options: tuple[str, ...]
    modules: tuple[str, ...] = ()
    file_system: str = ""
    paths: tuple[str, ...] = ()
    link_kind: str = ""
    required: bool = True
    when: str = ""
    by_program: bool = False


# The tables of iptables depend on the variant of its command: see doctor.facts.firewall.variants.
# Sources: moby contrib/check-config.sh, Kconfig of 5.10 to 6.18 (renames), kernel documentation of each /proc file.
FEATURES = (
    Feature(
        name="overlay",
        consequence="no container can start with the overlay2 storage driver",
        options=("OVERLAY_FS",),
        modules=("overlay",),
        file_system="overlay",
        when="overlay",
    ),
    Feature(
        name="veth",
        consequence="containers get no network interface",
        options=("VETH",),
        modules=("veth",),
        link_kind="veth",
    ),
    Feature(
        name="bridge",
        consequence="no bridge network can be created",
        options=("BRIDGE",),
        modules=("bridge",),
        paths=("/proc/sys/net/bridge", "/sys/module/bridge"),
        link_kind="bridge",
    ),
    Feature(
        name="packet filter",
        consequence="the engine can't create its firewall rules and does not start",
        options=("NF_TABLES",),
        modules=("nf_tables",),
        when="nftables",
    ),
    Feature(
        name="nat",
        consequence="containers reach nothing outside and ports can't be published",
        options=("NF_NAT",),
        modules=("nf_nat",),
    ),
    Feature(
        name="masquerade",
        consequence="containers reach nothing outside",
        # Both variants of iptables use the target of xtables, also iptables-nft (through nft_compat).
        options=("NETFILTER_XT_TARGET_MASQUERADE", "IP_NF_TARGET_MASQUERADE"),
        modules=("xt_MASQUERADE", "ipt_MASQUERADE"),
        when="iptables",
    ),
    Feature(
        name="masquerade of nftables",
        consequence="containers reach nothing outside",
        options=("NFT_MASQ",),
        modules=("nft_masq",),
        when="nftables",
    ),
    Feature(
        name="conntrack",
        consequence="the engine can't create its firewall rules",
        options=("NF_CONNTRACK",),
        modules=("nf_conntrack",),
        paths=("/proc/sys/net/netfilter/nf_conntrack_max", "/proc/sys/net/nf_conntrack_max"),
    ),
    Feature(
        name="conntrack match",
        consequence="the engine's rules with -m conntrack are refused",
        options=("NETFILTER_XT_MATCH_CONNTRACK",),
        modules=("xt_conntrack",),
        when="iptables",
    ),
    Feature(
        name="addrtype match",
        consequence="the engine's rules with -m addrtype are refused",
        options=("NETFILTER_XT_MATCH_ADDRTYPE",),
        modules=("xt_addrtype", "ipt_addrtype"),
        when="iptables",
    ),
    Feature(
        name="message queues",
        consequence="containers can't mount /dev/mqueue and do not start",
        options=("POSIX_MQUEUE",),
        file_system="mqueue",
        paths=("/proc/sys/fs/mqueue",),
    ),
    Feature(
        name="key rings",
        consequence="runc can't give a container its session keyring",
        options=("KEYS",),
        paths=("/proc/keys", "/proc/sys/kernel/keys"),
    ),
    Feature(
        name="device control of cgroup v2",
        consequence="no container can start: its devices can't be limited",
        options=("CGROUP_BPF",),
        when="cgroup2",
    ),
    Feature(
        name="seccomp",
        consequence="containers run without the engine's system call filter",
        options=("SECCOMP_FILTER",),
        paths=("/proc/sys/kernel/seccomp/actions_avail",),
        required=False,
    ),
    Feature(
        name="vxlan",
        consequence="containers on overlay networks of different hosts don't reach each other",
        options=("VXLAN",),
        modules=("vxlan",),
        paths=("/sys/module/vxlan",),
        link_kind="vxlan",
        when="network:overlay",
    ),
    Feature(
        name="macvlan",
        consequence="containers of macvlan networks can't start",
        options=("MACVLAN",),
        modules=("macvlan",),
        link_kind="macvlan",
        when="network:macvlan",
    ),
    Feature(
        name="ipvlan",
        consequence="containers of ipvlan networks can't start",
        options=("IPVLAN",),
        modules=("ipvlan",),
        link_kind="ipvlan",
        when="network:ipvlan",
    ),
    Feature(
        name="ip_vs",
        consequence="published ports and virtual addresses of swarm services don't answer",
        options=("IP_VS",),
        modules=("ip_vs",),
        paths=("/proc/net/ip_vs", "/proc/sys/net/ipv4/vs"),
        when="swarm",
        by_program=True,
    ),
)


class KernelProbes(Struct, frozen=True, kw_only=True):
    """Features that the running kernel shows.

    Attributes:
        file_systems: types in /proc/filesystems; that of a module appears only after it was loaded.
        paths: the features' paths that exist.
    """

    file_systems: frozenset[str]
    paths: frozenset[str]


class KernelNeeds(Struct, frozen=True, kw_only=True):
    """The features that this host needs (those whose ``when`` is true), with their state.

    Attributes:
        judged: in the order of ``FEATURES``.
        kernel: the running kernel.
        distribution: ID and ID_LIKE of os-release, nearest first.
        has_tree: whether the running kernel's modules are on disk.
        gaps: what could not be read.
    """

    judged: "tuple[JudgedFeature, ...]"
    kernel: Kernel
    distribution: tuple[str, ...] = ()
    has_tree: bool = True
    gaps: tuple[Missing, ...] = ()

    def of(self, state: str) -> "tuple[JudgedFeature, ...]":
        """Return those in this state."""
        return tuple(judged for judged in self.judged if judged.state == state)

    @property
    def package(self) -> str:
        """Return the package with the running kernel's other modules."""
        release = self.kernel.name
        if "ubuntu" in self.distribution:
            return f"linux-modules-extra-{release} (or linux-modules-{release})"
        if "raspbian" in self.distribution:
            return "raspberrypi-kernel"
        if "debian" in self.distribution:
            return f"linux-image-{release.replace('-cloud', '')}"
        if {"rhel", "fedora", "centos"} & set(self.distribution):
            return f"kernel-modules-{release} and kernel-modules-extra-{release}"
        if "suse" in self.distribution or "opensuse" in self.distribution:
            return "kernel-default (kernel-default-base lacks modules)"
        return f"the package of kernel {release}"


def install_modules(system: System | Missing, needs: KernelNeeds | Missing) -> str:
    """Return the command that installs the running kernel's other modules, in words if their package is unknown."""
    if isinstance(needs, Missing):
        return "install the package with the modules of this kernel (uname -r shows its release)"
    return install(system, needs.package)


class JudgedFeature(Struct, frozen=True, kw_only=True):
    """A feature on this host.

    Attributes:
        state: ``present``; ``loadable`` (a module that is loaded on demand); ``forbidden`` (by a modprobe.d line or
            modules_disabled); ``gone`` (a module whose files are missing); ``absent`` (this kernel was
            built without it); ``unknown``.
        evidence: the source of the state.
    """

    feature: Feature
    state: str
    evidence: str


def judge(
    feature: Feature, probes: KernelProbes, modules: Modules, config: BuildConfig | Missing, kinds: frozenset[str]
) -> JudgedFeature:
    """Return the state of a feature; ``kinds`` are the kinds of existing interfaces.

    An observed feature is present, whatever a file says; the build config is used only for features that can't be observed.
    """
    if feature.file_system in probes.file_systems:
        return JudgedFeature(feature=feature, state="present", evidence=f"/proc/filesystems: {feature.file_system}")
    for path in feature.paths:
        if path in probes.paths:
            return JudgedFeature(feature=feature, state="present", evidence=path)
    if feature.link_kind and feature.link_kind in kinds:
        return JudgedFeature(feature=feature, state="present", evidence=f"an interface of kind {feature.link_kind}")
    for name in feature.modules:
        if modules.has(name):
            return JudgedFeature(feature=feature, state="present", evidence=f"module {name}")
    return _by_module(feature, modules) or _by_config(feature, modules, config)


def _by_module(feature: Feature, modules: Modules) -> JudgedFeature | None:
    known = [name for name in feature.modules if name in modules.loadable]
    for name in known:
        if modules.can_load(name):
            return JudgedFeature(feature=feature, state="loadable", evidence=f"module {name} of {modules.release}")
    if known:
        rule = modules.forbidding(known[0])
        text = "kernel.modules_disabled = 1" if rule is None else f"{rule.path}:{rule.line}"
        return JudgedFeature(feature=feature, state="forbidden", evidence=text)
    return None


def _by_config(feature: Feature, modules: Modules, config: BuildConfig | Missing) -> JudgedFeature:
    if isinstance(config, Missing):
        if feature.modules and modules.supported and not modules.has_tree:
            return _gone(feature, modules, f"/lib/modules/{modules.release}: no modules.dep")
        return JudgedFeature(feature=feature, state="unknown", evidence=config.reason)
    values = {option: config.value(option) for option in feature.options}
    text = ", ".join(f"CONFIG_{option}={value}" for option, value in values.items())
    if "y" in values.values():
        return JudgedFeature(feature=feature, state="present", evidence=f"{config.source}: {text}")
    if "m" in values.values():
        return _gone(feature, modules, f"{config.source}: {text}; not in modules.dep")
    return JudgedFeature(
        feature=feature, state="absent", evidence=f"{config.source}: {text.replace('=n', ' is not set')}"
    )


def _gone(feature: Feature, modules: Modules, evidence: str) -> JudgedFeature:
    """Return that a module's files are missing; in a container they are missing anyway, and the kernel uses the outer host's."""
    if modules.is_nested and not feature.by_program:
        evidence = "in a container the outer host's modules are not visible"
        return JudgedFeature(feature=feature, state="unknown", evidence=evidence)
    return JudgedFeature(feature=feature, state="gone", evidence=evidence)
