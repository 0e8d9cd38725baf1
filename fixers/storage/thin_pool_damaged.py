"""Advise how to repair a thin pool on copies."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.storage.thin_pool import ThinPool
from doctor.model.paths import parent


@fixer(applicability=Applicability.MANUAL)
def thin_pool_damaged(pool: ThinPool) -> Iterator[Action]:
    """Show the command with the numbers of this pool, which the tool requires if the superblock is corrupt."""
    if pool.is_gone:
        copies = [f"cp --sparse=always {device} DIR/{path.rpartition('/')[2]}" for path, device in pool.held.items()]
        kept = f"don't stop the engine or reboot: {'; '.join(copies)}; then stop it and copy them to {parent(pool.metadata)}"
        restored = f"cp --sparse=always BACKUP/data BACKUP/metadata {parent(pool.metadata)}; no loop device still has the files"
        yield Advise(text=kept if copies else restored)
        return
    numbers = f"--data-block-size 128 --nr-data-blocks {pool.data_blocks}"
    if pool.transaction >= 0:
        numbers = f"--transaction-id {pool.transaction} {numbers}"
    yield Advise(
        text=f"work on copies: cp --sparse=always {pool.metadata} {pool.data} DIR; thin_check DIR/metadata; truncate -s "
        f"$(stat -c %s DIR/metadata) DIR/repaired; thin_repair {numbers} -i DIR/metadata -o DIR/repaired; then thin_dump DIR/repaired"
    )
