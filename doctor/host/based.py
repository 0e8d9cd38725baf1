"""The part of a host over another one that it never changes: its kernel's log, open files, environments and clock."""

from doctor.host.base import DeletedFile, Host, KernelRing


class BasedHost:
    """A host over ``base``; the other methods are those of the subclass."""

    base: Host

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """As the base host."""
        return self.base.kernel_log(largest_bytes)

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """As the base host."""
        return self.base.deleted_files()

    def environ(self, pid: int) -> dict[str, str]:
        """As the base host."""
        return self.base.environ(pid)

    def now(self) -> float:
        """As the base host."""
        return self.base.now()
