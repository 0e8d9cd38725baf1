"""The limits: what is made on a healthy host, and what a scan may cost there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SECRET = "do-not-show-this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit.

    Attributes:
        script: run in the box after the plain host was scanned.
        most_cpu: seconds of CPU that a scan may take more, programs of the host included; ``most_wall`` seconds by the clock.
        hangs: whether a program of the host never answers, so that one scan is enough.
        most_mib: memory that the largest process may have more.
        exits: exit codes that are right.
        findings: ids of warning or above that are true there.
    """

    name: str
    script: str
    most_cpu: float = 1.0
    most_wall: float = 30.0
    most_mib: int = 64
    hangs: bool = False
    exits: tuple[int, ...] = (0,)
    findings: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


_ADDRESSES = "f'{10 + n // 65536}.{n // 256 % 256}.{n % 256}.{n % 250 + 1}'"
_CONTAINER = "d=/var/lib/docker/containers/$(docker inspect -f '{{.Id}}' web)"
_HANG = """
for name in %s; do
    path=$(command -v $name); rm -f $path; printf '#!/bin/sh\\nexec sleep 1000\\n' >$path; chmod +x $path
done
"""
_NAMES = r"""
$python - <<'END'
import subprocess
def run(*argv):
    subprocess.run(argv, check=False, stderr=subprocess.DEVNULL)
for number, name in enumerate(("a b'", "\x1b[31mred", "éééééüü", "$(reboot)", "..;|&", "%s%n%s", '"quoted"', "-h", "x\ty", "\u202eabc")):
    run("ip", "link", "add", "name", name, "type", "bridge")
    run("ip", "link", "set", "dev", name, "up")
    run("ip", "addr", "add", f"192.168.{200 + number}.1/24", "dev", name)
rules = 'table inet odd {\n'
rules += 'set s { type ipv4_addr; comment "}{ \x1b]0;x\x07"; elements = { 203.0.113.9 comment "\x1b[31m $(reboot) | <b>" }; }\n'
rules += 'chain c { type filter hook forward priority 3; policy accept;\n'
rules += 'ip saddr @s counter drop comment "é \x1b[0m -j DROP %s"\n}\n}\n'
subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
run("iptables", "-N", "a'b$c;d"); run("iptables", "-N", "-x"); run("iptables", "-N", "ünï")
for words in ("a \"b\" -j DROP", "\x1b[31m", "é" * 100, "\\\\\"", "*nat", ":FORWARD DROP [0:0]"):
    run("iptables", "-A", "FORWARD", "-s", "203.0.113.9", "-m", "comment", "--comment", words, "-j", "DROP")
    run("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "203.0.113.9", "-m", "comment", "--comment", words, "-j", "RETURN")
END
"""
_UNREADABLE = frozenset({"state/file-undecodable", "state/container-file-wrong-type", "dns/container-stale"})
"""The files are the engine's, and it is true that they can't be read."""
LIMITS = (
    Limit(
        name="10,000 rules of iptables",
        script="""
$python - >/tmp/rules <<'END'
print("*filter\\n:site - [0:0]\\n:site2 - [0:0]\\n-I FORWARD 1 -j site\\n-I INPUT 1 -j site2")
for n in range(10000):
    print(f"-A {'site' if n % 2 else 'site2'} -s 203.0.{n // 250}.{n % 250} -p tcp -m tcp --dport {n % 60000 + 1} -m comment --comment \\"rule {n}\\" -j DROP")
print("COMMIT")
END
iptables-restore -n </tmp/rules
""",
    ),
    Limit(
        name="10,000 rules of nftables",
        most_cpu=1.5,  # nft itself takes a third of a second for them
        script="""
$python - >/tmp/rules <<'END'
print("table inet site { chain c { type filter hook forward priority 5; policy accept;")
for n in range(10000):
    print(f"ip saddr 203.0.{n // 250}.{n % 250} tcp dport {n % 60000 + 1} counter drop")
print("}\\n}")
END
nft -f /tmp/rules
""",
    ),
    Limit(
        name="an nft set of 100,000 elements",
        script=f"""
$python - >/tmp/rules <<'END'
print("table inet site {{ set bad {{ type ipv4_addr; elements = {{")
print(",\\n".join({_ADDRESSES} for n in range(1000000, 1100000)))
print("}}\\n}}\\nchain c {{ type filter hook forward priority 5; policy accept; ip saddr @bad counter drop; }}\\n}}")
END
nft -f /tmp/rules
""",
    ),
    Limit(
        name="an nft map of intervals with 50,000 elements",
        script="""
$python - >/tmp/rules <<'END'
print("table inet site { map ways { type ipv4_addr : verdict; flags interval; elements = {")
print(",\\n".join(f"{20 + n // 32768}.{n // 128 % 256}.{n % 128 * 2}.0/24 : drop" for n in range(50000)))
print("}\\n}\\nchain c { type filter hook forward priority 5; policy accept; ip saddr vmap @ways; }\\n}")
END
nft -f /tmp/rules
""",
    ),
    Limit(
        name="an ipset of 100,000 elements",
        packages=("ipset", "libipset13t64"),
        script=f"""
$python - >/tmp/rules <<'END'
print("create bad hash:ip maxelem 200000")
for n in range(1000000, 1100000):
    print(f"add bad {{{_ADDRESSES}}}")
END
ipset restore -exist </tmp/rules
iptables -I DOCKER-USER -m set --match-set bad src -j DROP
""",
    ),
    Limit(
        name="a set of ipset, and no ipset on the host",
        packages=("ipset", "libipset13t64"),
        script="ipset create bad hash:ip; ipset add bad 203.0.113.9; iptables -I DOCKER-USER -m set --match-set bad src -j DROP; rm /usr/sbin/ipset",
    ),
    Limit(
        name="5,000 routes",
        script="""
$python - >/tmp/routes <<'END'
for n in range(5000):
    print(f"route add 10.{100 + n // 256}.{n % 256}.0/24 via 198.51.100.{n % 200 + 3}")
END
ip -batch /tmp/routes
""",
    ),
    Limit(
        name="2,000 rules of routing",
        script="""
ip route add default via $out table 77
$python - >/tmp/routes <<'END'
for n in range(2000):
    print(f"rule add pref {1000 + n} from 203.{n // 250}.{n % 250}.0/24 lookup 77")
END
ip -batch /tmp/routes
""",
    ),
    Limit(
        name="200 networks",
        settings={"default-address-pools": [{"base": "10.128.0.0/10", "size": 24}]},
        script="seq 200 | xargs -P 4 -I{} docker network create net{} >/dev/null; serve --name many --network net7",
    ),
    Limit(
        name="40 networks on one container",
        settings={"default-address-pools": [{"base": "10.128.0.0/10", "size": 24}]},
        script="""
seq 40 | xargs -P 4 -I{} docker network create net{} >/dev/null; serve --name many --network net1
for n in $(seq 2 40); do docker network connect net$n many; done
""",
    ),
    Limit(
        name="containers that come and go",
        script="""
for n in 1 2 3; do
    setsid --fork sh -c 'for i in $(seq 120); do timeout 20 docker run --rm --network app bb:1 sleep 0.1; done' >/dev/null 2>&1 </dev/null
done
sleep 1
""",
    ),
    Limit(name="hostile names", script=_NAMES),
    Limit(
        name="a comment of iptables that looks like rules on lines of their own",
        script="iptables -A FORWARD -s 203.0.113.9 -m comment --comment 'x\n-A FORWARD -j DROP\nCOMMIT' -j DROP",
        exits=(3,),  # iptables-save does not say where the comment ends
    ),
    Limit(
        name="a container whose programs rewrote its files",
        script=f"""
docker exec web sh -c 'head -c 2000000 /dev/zero >/etc/resolv.conf; head -c 100000 /dev/zero >/etc/hosts'
docker exec app1 sh -c "printf 'nameserver {SECRET}\\nsearch \\033[31m\\nnameserver 1.2.3.4 \\000\\n' >/etc/resolv.conf"
""",
        exits=(0, 1),
        findings=_UNREADABLE | {"dns/container-resolv-changed"},  # no server of app1 is one
    ),
    *(
        Limit(
            name=f"resolv.conf and hosts of a container are {what}",
            script=f"{_CONTAINER}\nfor f in resolv.conf hosts; do {how}; done",
            exits=exits,
            findings=_UNREADABLE,
        )
        for what, how, exits in (
            ("pipes", "rm $d/$f; mkfifo $d/$f", (0, 1)),
            ("of a gigabyte", "truncate -s 1G $d/$f", (0, 1)),
            ("links to /dev/zero", "ln -sf /dev/zero $d/$f", (0, 1)),
            (
                "links to a secret of the host",
                f"echo 'nameserver {SECRET}' >/root/secret; ln -sf /root/secret $d/$f",
                (0, 1),
            ),
            ("directories", "rm $d/$f; mkdir $d/$f", (0, 1)),
            ("links to themselves", "ln -sf $f $d/$f", (0, 1)),
        )
    ),
    Limit(
        name="programs of a container that are traps",
        script=f"""
docker exec web sh -c 'for n in nft iptables ip iptables-save sh; do printf "#!/bin/busybox sh\\ntouch /ran\\necho {SECRET}\\nsleep 100\\n" >/usr/bin/$n 2>/dev/null; done; true'
inside web sh -ec 'nft add table inet mine; nft "add chain inet mine c {{ type filter hook output priority 0; policy accept; }}"; nft add rule inet mine c ip daddr 203.0.113.9 drop'
""",
    ),
    Limit(
        name="40 containers with rules of their own",
        script="""
seq 40 | xargs -P 4 -I{} docker run -d --name own{} --stop-timeout 1 bb:1 sleep 9999 >/dev/null
for n in $(seq 40); do inside own$n iptables -A OUTPUT -d 203.0.113.9 -j DROP; done
""",
    ),
    Limit(name="a hanging nft", hangs=True, exits=(0, 1, 3), script="nft add table inet mine\n" + _HANG % "nft"),
    Limit(
        name="a hanging nft, and containers with rules of their own",
        hangs=True,
        exits=(0, 1, 3),
        script="for c in web lo app1 app2; do inside $c sh -c 'nft add table inet mine'; done; nft add table inet mine\n"
        + _HANG % "nft",
    ),
    Limit(
        name="hanging iptables-save",
        hangs=True,
        exits=(0, 1, 3),
        script=_HANG % "xtables-nft-multi"
        + _HANG % "iptables-save ip6tables-save iptables-nft-save ip6tables-nft-save",
    ),
    Limit(name="a hanging ip", hangs=True, exits=(0, 1, 3), script=_HANG % "ip"),
)
