"""The last program before the image's own: a few instructions that only execute the container's command.

An image may name `/proc/self/exe` as the interpreter of its command (CVE-2019-5736). If that were the host's Python, it
would run inside with the image's libraries, and could be opened for writing later. So the runtime first executes this
program from a file in the container's private tmpfs, and this one executes the command: /proc/self/exe is then a
private file. It marks descriptor 3 close-on-exec, executes argv[0] with argv[1:] and the environment, and if that fails
writes the negative errno, 8 bytes, to descriptor 3 and exits with 127.

If descriptor 3 is closed, it runs a second time: as the interpreter of a command of the image. It would execute that
command, and so itself, in a loop; instead it writes one line to stderr and exits with 126.
"""

# Assembled with llvm-mc: the calls fcntl, execve, write, exit_group, in the order that the docstring has them.
_CODE = {
    "x86_64": (
        "bf03000000 be02000000 ba01000000 b848000000 0f05 4885c0 7836"
        "488b7c2408 488d742410 488b0c24 488d54cc10 b83b000000 0f05"
        "50 bf03000000 4889e6 ba08000000 b801000000 0f05 bf7f000000 eb1d"
        "bf02000000 488d3518000000 ba50000000 b801000000 0f05 bf7e000000"
        "b8e7000000 0f05"
    ),
    "aarch64": (
        "600080d2 410080d2 220080d2 280380d2 010000d4 e001f8b7"
        "e00740f9 e1430091 e30340f9 220c038b a81b80d2 010000d4"
        "e00f1ff8 600080d2 e1030091 020180d2 080880d2 010000d4 e00f80d2 07000014"
        "400080d2 e1000010 020a80d2 080880d2 010000d4 c00f80d2"
        "c80b80d2 010000d4"
    ),
}
_TEXT = b"doctor-runtime: the command's interpreter leads back to /proc/self/exe: refused\n"
_ELF_MACHINE = {"x86_64": 62, "aarch64": 183}
_BASE = 0x400000
_HEADERS = 64 + 56  # Elf64_Ehdr and one Elf64_Phdr


def program(machine: str) -> bytes:
    """A static ELF executable of one read-only, executable segment."""
    code = bytes.fromhex(_CODE[machine]) + _TEXT

    def words(*values: tuple[int, int]) -> bytes:
        return b"".join(value.to_bytes(size, "little") for value, size in values)

    size = _HEADERS + len(code)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += words((2, 2), (_ELF_MACHINE[machine], 2), (1, 4), (_BASE + _HEADERS, 8), (64, 8), (0, 8), (0, 4))
    header += words((64, 2), (56, 2), (1, 2), (64, 2), (0, 2), (0, 2))
    segment = words((1, 4), (5, 4), (0, 8), (_BASE, 8), (_BASE, 8), (size, 8), (size, 8), (0x10000, 8))
    return header + segment + code
