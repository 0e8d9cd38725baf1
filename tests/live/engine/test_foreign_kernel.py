"""Faults that only another kernel shows: a variant of iptables that it can't do, and AppArmor.

The judge is dockerd on that kernel: it fails, and starts after the repair; a container runs confined, unconfined or not at all.
"""

import pytest

from tests.hosts.box import INIT_SCRIPT
from tests.hosts.uml import PARSER, boot, why_no_kernel

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

IDS = """
found() {
    doctor scan --select "$1" --format json >/tmp/scan; echo "exit $?"
    python3 -c 'import json; print(*(one["id"] for one in json.load(open("/tmp/scan"))["findings"]), sep="\\n")'
}
"""
VARIANT = """
echo "== start"; engine
echo "== scan"; found firewall,kernel
echo "== fix"; doctor fix --apply --yes --allow disruptive firewall engine 2>&1 | grep -o 'findings resolved.*'
echo "== after"; docker info -f 'engine {{.ServerVersion}}'; iptables -V; iptables-save | grep -c DOCKER
found firewall,kernel
"""
IMAGE = """
for name in iptables iptables-save iptables-restore; do
    ln -sf /usr/sbin/$(echo $name | sed s/iptables/iptables-legacy/) /etc/alternatives/$name
done
engine || exit
mkdir -p /tmp/image/bin; cp /bin/busybox /tmp/image/bin/sh; tar -C /tmp/image -c . | docker import - bb:1 >/dev/null
run() { docker run --rm --network none bb:1 sh -c 'read profile </proc/self/attr/current; echo "ran: $profile"' 2>&1; }
"""
APPARMOR = """
echo "== healthy"; run; found security
echo "== broken"; docker create --name own --network none --security-opt apparmor=mine bb:1 sh -c 'echo ran' >/dev/null
docker start -a own 2>&1 | grep -o 'apply profile: write'
echo "no rule" >>/etc/apparmor.d/abstractions/base; printf docker-default >/sys/kernel/security/apparmor/.remove
run | grep -o 'could not be loaded'; found security
echo "== no parser"; docker rm own >/dev/null; mv /usr/sbin/apparmor_parser /tmp/; /etc/init.d/docker stop; engine; run; found security
"""


@pytest.fixture(scope="module", autouse=True)
def can_boot() -> None:
    """Skip, with the reason, where no other kernel can be booted."""
    reason = why_no_kernel()
    if reason:
        pytest.skip(reason)


def sections(printed: str) -> dict[str, list[str]]:
    """The lines after each "== NAME"."""
    found: dict[str, list[str]] = {}
    for line in printed.splitlines():
        if line.startswith("== "):
            found[line[3:]] = []
        elif found:
            found[list(found)[-1]].append(line.rstrip())
    return found


def test_a_variant_that_the_kernel_can_not_do_is_switched() -> None:
    """nf_tables of this kernel has no tables for IPv4: dockerd fails, the repair switches to legacy, and dockerd starts."""
    printed = boot(IDS + VARIANT, init_script=INIT_SCRIPT)
    print(printed)
    seen = sections(printed)
    assert any("TABLE_ADD failed (Operation not supported)" in line for line in seen["start"])
    assert seen["scan"] == ["exit 1", "firewall/variant-unsupported"]
    assert seen["fix"][0].startswith("findings resolved")
    assert seen["after"][0].startswith("engine ")
    assert seen["after"][1].endswith("(legacy)")
    assert int(seen["after"][2]) > 5
    assert seen["after"][3:5] == ["exit 0", ""]


def test_apparmor_that_the_engine_can_not_use_is_found() -> None:
    """Each fault changes what `docker run` does, the scan names it, and it is silent on the healthy host."""
    if not PARSER.exists():
        pytest.skip(f"needs {PARSER} (apparmor)")
    printed = boot(IDS + IMAGE + APPARMOR, "lsm=apparmor", init_script=INIT_SCRIPT)
    print(printed)
    seen = sections(printed)
    assert seen["healthy"] == ["ran: docker-default (enforce)", "exit 0", ""]
    broken = ["exit 1", "security/apparmor-files-broken", "security/apparmor-profile-missing"]
    assert seen["broken"] == ["apply profile: write", "could not be loaded", *broken]
    assert seen["no parser"][:3] == ["ran: unconfined", "exit 0", "security/apparmor-parser-missing"]
