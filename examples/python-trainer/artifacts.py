"""Artifacts by digest: SHA-256 of their bytes, in chunks of 1 MiB in Perennial's Postgres. See docs/trainers.md."""

import hashlib
import os

import psycopg
from psycopg import sql

CHUNK_BYTES = 1 << 20


class Artifacts:
    """`address` is that of the Postgres, `schema` the installation's (PERENNIAL_NAMESPACE)."""

    def __init__(self, address, schema):
        self._address, self._schema = address, schema

    def _connect(self):
        connection = psycopg.connect(self._address, autocommit=True, connect_timeout=10)
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self._schema)))
        return connection

    def fetch(self, digest, path):
        """Writes the artifact to `path`. Raises ValueError where its bytes do not have that digest."""
        found = hashlib.sha256()
        with self._connect() as connection, open(path, "wb") as file:
            row = connection.execute("SELECT bytes FROM artifacts WHERE digest = %s", [digest]).fetchone()
            if row is None:
                raise ValueError(f"there is no artifact {digest}")
            position, left = 0, row[0]
            while left > 0:
                query = "SELECT bytes FROM artifact_chunks WHERE digest = %s AND position = %s"
                chunk = connection.execute(query, [digest, position], binary=True).fetchone()
                if chunk is None:
                    raise ValueError(f"chunk {position} of the artifact {digest} is missing")
                found.update(chunk[0])
                file.write(chunk[0])
                position, left = position + 1, left - len(chunk[0])
        if found.hexdigest() != digest:
            raise ValueError(f"the artifact {digest} is damaged: its bytes have the digest {found.hexdigest()}")

    def put(self, path, kind, media_type):
        """Puts the file's bytes, in one transaction, where they are not there already. Returns their digest."""
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with self._connect() as connection, connection.transaction():
            row = [digest, os.path.getsize(path), kind, media_type]
            insert = "INSERT INTO artifacts (digest, bytes, kind, media_type) VALUES (%s, %s, %s, %s)"
            # Whoever puts the same bytes at the same time waits here for the other's commit.
            if connection.execute(f"{insert} ON CONFLICT DO NOTHING", row).rowcount == 1:
                with open(path, "rb") as file:
                    for position, chunk in enumerate(iter(lambda: file.read(CHUNK_BYTES), b"")):
                        connection.execute(
                            "INSERT INTO artifact_chunks (digest, position, bytes) VALUES (%s, %s, %s)",
                            [digest, position, chunk],
                        )
        return digest
