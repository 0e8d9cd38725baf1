"""Names of file systems by the number that statfs(2) gives."""

NAMES = {
    0xEF53: "ext4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x2FC12FC1: "zfs",
    0x794C7630: "overlayfs",
    0x01021994: "tmpfs",
    0x858458F6: "ramfs",
    0xF2F52010: "f2fs",
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "smb3",
    0x517B: "smb",
    0x65735546: "fuse",
    0x01021997: "9p",
    0x6A656A63: "virtiofs",
    0xF15F: "ecryptfs",
    0x61756673: "aufs",
    0x73717368: "squashfs",
    0xE0F5E1E2: "erofs",
    0x9660: "iso9660",
    0x4D44: "vfat",
    0x2011BAB0: "exfat",
    0x7366746E: "ntfs3",
    0x3153464A: "jfs",
    0x52654973: "reiserfs",
    0x47504653: "gpfs",
    0x0BD00BD0: "lustre",
    0x00C36400: "ceph",
    0x01161970: "gfs2",
    0x7461636F: "ocfs2",
    0xCA451A4E: "bcachefs",
    0x9FA0: "proc",
    0x62656572: "sysfs",
    0x27E0EB: "cgroup",
    0x63677270: "cgroup2",
    0x6E736673: "nsfs",
    0x64626720: "debugfs",
    0x74726163: "tracefs",
    0xCAFE4A11: "bpf",
    0x958458F6: "hugetlbfs",
    0x19800202: "mqueue",
    0x1CD1: "devpts",
    0xF97CFF8C: "selinuxfs",
    0x5A3C69F0: "apparmorfs",
}
"""Source: Linux, include/uapi/linux/magic.h, and fs/*/super.c. ext2, ext3 and ext4 share theirs."""


def name(magic: int) -> str:
    """The name of a file system; its number if it is unknown.

    The kernel's field is signed on some architectures, so only its low 32 bits count.

    >>> name(0x794C7630), name(-1859950530 & 0xFFFFFFFF), name(0x1234)
    ('overlayfs', 'btrfs', '0x1234')
    """
    magic &= 0xFFFFFFFF
    return NAMES.get(magic, hex(magic))
