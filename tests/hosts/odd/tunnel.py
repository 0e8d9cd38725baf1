"""A tunnel in user space, as a VPN has it: `tunnel.py DEVICE PORT PEER PEER_PORT MARK PID`, from a tun device to UDP and back.

Its own packets have the mark, 0 for none. Where the peer is `-`, it is whoever wrote last. It ends when the process PID has ended.
"""

import fcntl
import os
import select
import socket
import struct
import sys

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


def main() -> None:
    """Carry packets until the process is gone."""
    device, port, peer, peer_port, mark, pid = sys.argv[1:7]
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if int(mark, 0):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark, 0))
    wire.bind(("", int(port)))
    both: list[int] = [tun, wire.fileno()]
    to = None if peer == "-" else (peer, int(peer_port))
    while os.path.exists(f"/proc/{pid}"):
        ready, _, _ = select.select(both, [], [], 0.5)
        try:
            if wire.fileno() in ready:
                data, sender = wire.recvfrom(65536)
                to = sender if peer == "-" else to
                os.write(tun, data)
            if tun in ready:
                data = os.read(tun, 65536)
                if to is not None:
                    wire.sendto(data, to)
        except OSError:
            continue


if __name__ == "__main__":
    main()
