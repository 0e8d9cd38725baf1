"""The tables of the history, and how an older database gets them."""

import os
from typing import TYPE_CHECKING

from doctor.model.errors import DoctorError

if TYPE_CHECKING:
    import sqlite3

# One entry a version of the schema, run in order on a database that is older. Never edited, only appended to.
_MIGRATIONS = (
    (
        """
        CREATE TABLE scan (
            number INTEGER PRIMARY KEY,
            host TEXT NOT NULL,
            root TEXT NOT NULL,
            started REAL NOT NULL,
            exit_code INTEGER NOT NULL,
            counts TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT
        """,
        "CREATE INDEX scan_by_host ON scan (host, root, started)",
    ),
    (
        # `last` is the number of the last scan that found it.
        """
        CREATE TABLE life (
            host TEXT NOT NULL,
            root TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            id TEXT NOT NULL,
            is_there INTEGER NOT NULL,
            last INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (host, root, fingerprint)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX life_there ON life (host, root) WHERE is_there = 1",
        "CREATE INDEX life_last ON life (host, root, last)",
        # The checks for whose former ids the lives were searched last.
        "CREATE TABLE searched (checks INTEGER NOT NULL) STRICT",
    ),
)
VERSION = len(_MIGRATIONS)


def version_of(connection: "sqlite3.Connection", path: str) -> int:
    """Return the version of the schema. Raises ``DoctorError`` for that of a newer doctor."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise DoctorError("a newer doctor wrote this history", where=path, do="use that doctor")
    return version


def migrate(connection: "sqlite3.Connection", path: str) -> int:
    """Add what is missing, within a transaction that the caller commits; return the version that it had."""
    # IMMEDIATE: two doctors at once must not both see version 0.
    connection.execute("BEGIN IMMEDIATE")
    before = version_of(connection, path)
    for statements in _MIGRATIONS[before:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return before


def copied(connection: "sqlite3.Connection") -> "sqlite3.Connection":
    """Return a copy in memory: an older history that can't be written is read from there."""
    import sqlite3  # noqa: PLC0415 - costs 15 ms

    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    connection.close()
    return copy


def address(path: str) -> str:
    """Return the address of the database, read-only where the file can't be written."""
    from urllib.parse import quote  # noqa: PLC0415 - sqlite3 is imported with it

    mode = "rw" if os.access(path, os.W_OK) else "ro"
    return f"file:{quote(path)}?mode={mode}"
