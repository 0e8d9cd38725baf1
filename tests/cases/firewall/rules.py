"""The rules of the healthy host, as ``iptables-save`` prints them under engines 26, 28 and 29.

Those of 26 are a real dockerd 26.1.5's; those of 28 and 29 follow Moby's own golden files.
"""

BR, BI = "br-" + "a" * 12, "br-" + "b" * 12
"""The bridges of the networks ``app`` and ``inner``."""

FILTER_26 = f"""*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -i {BI} -o {BI} -j ACCEPT
-A FORWARD -o {BR} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o {BR} -j DOCKER
-A FORWARD -i {BR} ! -o {BR} -j ACCEPT
-A FORWARD -i {BR} -o {BR} -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 10.88.0.2/32 ! -i {BR} -o {BR} -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 ! -s 172.18.0.0/16 -o {BI} -j DROP
-A DOCKER-ISOLATION-STAGE-1 ! -d 172.18.0.0/16 -i {BI} -j DROP
-A DOCKER-ISOLATION-STAGE-1 -i {BR} ! -o {BR} -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o {BR} -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""
NAT_26 = f"""*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.88.0.0/24 ! -o {BR} -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A POSTROUTING -s 10.88.0.2/32 -d 10.88.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i {BR} -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8082 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i {BR} -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.88.0.2:80
COMMIT
"""
SAVE_26 = FILTER_26 + NAT_26


def _newer(isolation: str) -> str:
    """Engine 28.2 to 29: per-network rules live in chains of their own, direct access is dropped in raw."""
    stage = isolation == "DOCKER-ISOLATION-STAGE-1"
    rules = [
        "*raw", ":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]",
        "-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8082 -j DROP",
        "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP",
        f"-A PREROUTING -d 10.88.0.2/32 ! -i {BR} -j DROP",
        "COMMIT", "*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]",
        ":DOCKER - [0:0]", ":DOCKER-BRIDGE - [0:0]", ":DOCKER-CT - [0:0]", ":DOCKER-FORWARD - [0:0]",
        f":{isolation} - [0:0]", *([":DOCKER-ISOLATION-STAGE-2 - [0:0]"] if stage else []), ":DOCKER-USER - [0:0]",
        "-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD",
        f"-A DOCKER -d 10.88.0.2/32 ! -i {BR} -o {BR} -p tcp -m tcp --dport 80 -j ACCEPT",
        "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
        "-A DOCKER ! -i docker0 -o docker0 -j DROP", f"-A DOCKER ! -i {BR} -o {BR} -j DROP",
        "-A DOCKER-BRIDGE -o docker0 -j DOCKER", f"-A DOCKER-BRIDGE -o {BR} -j DOCKER",
        "-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        f"-A DOCKER-CT -o {BR} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A DOCKER-FORWARD -j DOCKER-CT", f"-A DOCKER-FORWARD -j {isolation}", "-A DOCKER-FORWARD -j DOCKER-BRIDGE",
        "-A DOCKER-FORWARD -i docker0 -j ACCEPT", f"-A DOCKER-FORWARD -i {BR} -j ACCEPT",
        f"-A DOCKER-FORWARD -i {BI} -o {BI} -j ACCEPT",
        f"-A {isolation} ! -s 172.18.0.0/16 -o {BI} -j DROP", f"-A {isolation} ! -d 172.18.0.0/16 -i {BI} -j DROP",
    ]  # fmt: skip
    if stage:
        rules += [
            f"-A {isolation} -i {BR} ! -o {BR} -j DOCKER-ISOLATION-STAGE-2",
            f"-A {isolation} -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2",
            f"-A DOCKER-ISOLATION-STAGE-2 -o {BR} -j DROP",
            "-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP",
            "-A DOCKER-USER -j RETURN",
        ]
    nat = [line for line in NAT_26.splitlines() if "-s 172.17.0.2/32" not in line and "-s 10.88.0.2/32" not in line]
    if not stage:
        nat = [line for line in nat if not line.endswith("-j RETURN")]
    return "\n".join([*rules, "COMMIT", *nat]) + "\n"


SAVE_28, SAVE_29 = _newer("DOCKER-ISOLATION-STAGE-1"), _newer("DOCKER-INTERNAL")
