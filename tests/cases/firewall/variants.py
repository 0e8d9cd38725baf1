"""Cases of a variant of iptables that the running kernel can't do. The engine does not run: it could not start."""

from collections.abc import Iterator

from tests.cases.firewall.host import Host
from tests.cases.firewall.story import Story, case

KERNEL = "6.12.40+deb13-amd64"
NFT = "kernel/net/netfilter/nf_tables.ko\nkernel/net/netfilter/nft_compat.ko\nkernel/net/netfilter/nft_chain_nat.ko\n"
LEGACY = "".join(f"kernel/net/ipv4/netfilter/{name}.ko\n" for name in ("ip_tables", "iptable_filter", "iptable_nat"))
HEADER = "# Linux/x86_64 6.12.40 Kernel Configuration\n"
NFT_OPTIONS = "CONFIG_NF_TABLES=m\nCONFIG_NF_TABLES_IPV4=y\nCONFIG_NFT_COMPAT=m\nCONFIG_NFT_NAT=m\n"
LEGACY_OPTIONS = "CONFIG_IP_NF_IPTABLES_LEGACY=m\nCONFIG_IP_NF_FILTER=m\nCONFIG_IP_NF_NAT=m\nCONFIG_IP_NF_RAW=m\n"
COMMAND = ("command", "iptables")


def kernel(
    modules: str,
    options: str,
    *,
    use: str,
    loaded: str = "",
    dead: bool = True,
    version: str = "26.1.5",
    save: str = "",
) -> Host:
    """A Debian host with both variants installed and a kernel that was built with these options and has these modules."""
    host = Host(save=save, version=version).link("/usr/sbin/iptables", "/etc/alternatives/iptables")
    for word in ("iptables", "ip6tables"):
        for part in ("", "-save", "-restore"):
            host.link(f"/etc/alternatives/{word}{part}", f"/usr/sbin/{word}-{use}{part}")
            for kind in ("nft", "legacy"):
                host.link(f"/usr/sbin/{word}-{kind}{part}", f"/usr/sbin/xtables-{kind}-multi")
    for kind in ("nft", "legacy"):
        host.file(f"/usr/sbin/xtables-{kind}-multi", "").says(f"iptables-{kind}-save", save if kind == use else "")
    host.tables = []
    host.file("/proc/sys/kernel/osrelease", f"{KERNEL}\n").file("/proc/modules", loaded)
    host.file("/etc/os-release", "ID=debian\n")
    host.file(f"/boot/config-{KERNEL}", HEADER + options)
    if modules:
        lines = "".join(f"{line}:\n" for line in modules.splitlines())
        host.file(f"/lib/modules/{KERNEL}/modules.dep", lines).file(f"/lib/modules/{KERNEL}/modules.builtin", "")
    host.file("/usr/sbin/dockerd", "")
    host.dead = dead
    return host


def unsupported() -> Iterator[Story]:
    """The engine can't write its first rule."""
    about = "variant-unsupported"
    yield case(
        about,
        "legacy-without-tables",
        "a distribution's upgrade brought a kernel without ip_tables, and the command is still the legacy one",
        kernel(NFT, NFT_OPTIONS, use="legacy"),
        COMMAND,
    )
    yield case(
        about,
        "nft-without-compat",
        "an older kernel of WSL has nf_tables and neither nft_compat nor tables for IPv4",
        kernel(NFT.splitlines()[0] + "\n" + LEGACY, "CONFIG_NF_TABLES=m\n" + LEGACY_OPTIONS, use="nft"),
        COMMAND,
    )
    left = "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j RETURN\nCOMMIT\n"
    partial = NFT.replace("kernel/net/netfilter/nft_compat.ko\n", "") + LEGACY
    yield case(
        about,
        "rules-of-a-failed-start",
        "nft_compat is missing: a start of the engine wrote the rules that need no match, and failed at the next",
        kernel(partial, NFT_OPTIONS + LEGACY_OPTIONS, use="nft", save=left),
        COMMAND,
    )
    yield case(
        about,
        "rules-of-others",
        "nft_compat is missing, and an administrator's rule is in the variant that the kernel can hardly do",
        kernel(
            partial,
            NFT_OPTIONS + LEGACY_OPTIONS,
            use="nft",
            save=left.replace("COMMIT", "-A FORWARD -j ACCEPT\nCOMMIT"),
        ),
        COMMAND,
        fix="manual",
    )
    yield case(
        about,
        "neither",
        "a kernel was built without either variant",
        kernel("kernel/drivers/net/veth.ko\n", "CONFIG_VETH=m\n", use="nft"),
        COMMAND,
        fix="manual",
    )
    forbidden = kernel(LEGACY, LEGACY_OPTIONS, use="legacy").file(
        "/etc/modprobe.d/hard.conf", "install ip_tables /bin/false\n"
    )
    yield case(
        about,
        "forbidden",
        "a hardening package forbids ip_tables, and nf_tables is missing",
        forbidden,
        COMMAND,
        fix="manual",
    )
    contained = kernel("", "", use="legacy").file("/.dockerenv", "")
    del contained.files[f"/boot/config-{KERNEL}"]
    yield case(
        about,
        "in-a-container",
        "an engine in a container with iptables-legacy, and the outer host has not loaded ip_tables",
        contained,
        COMMAND,
        fix="manual",
    )
    yield case(
        about,
        "healthy-legacy",
        "the command is legacy, and the kernel has both",
        kernel(NFT + LEGACY, NFT_OPTIONS + LEGACY_OPTIONS, use="legacy"),
    )
    yield case(
        about,
        "healthy-nft",
        "the command is nft, and the kernel has no legacy tables",
        kernel(NFT, NFT_OPTIONS, use="nft"),
    )
    contained = kernel("", "", use="nft").file("/run/.containerenv", "")
    del contained.files[f"/boot/config-{KERNEL}"]
    yield case(
        about, "healthy-in-a-container", "in a container the kernel loads nft_compat from the outer host", contained
    )
    built_in = kernel("", NFT_OPTIONS.replace("=m", "=y"), use="nft")
    del built_in.files["/proc/modules"]
    yield case(about, "healthy-built-in", "a kernel without modules has everything built in", built_in)


def raw() -> Iterator[Story]:
    """An engine since 28 writes into the table raw."""
    about = "raw-table-missing"
    options = NFT_OPTIONS + LEGACY_OPTIONS.replace("CONFIG_IP_NF_RAW=m\n", "")
    yield case(
        about,
        "legacy",
        "the kernel was built without iptable_raw",
        kernel(LEGACY, options, use="legacy", version="28.5.2"),
        ("module", "iptable_raw"),
        fix="manual",
    )
    yield case(
        about,
        "healthy-engine-27",
        "engines before 28 do not use it",
        kernel(LEGACY, options, use="legacy", version="27.5.1"),
    )
    yield case(
        about,
        "healthy-nft",
        "the nft variant needs no module for it",
        kernel(NFT, options, use="nft", version="28.5.2"),
    )


CASES = (*unsupported(), *raw())
