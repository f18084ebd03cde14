"""Dagster's own SQLite event log with connections that stay open: a night writes a thousand events, each in several statements.
Not here: what is logged, or where the instance lies (dagster.yaml).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from dagster import Field, StringSource
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    SqliteEventLogStorage,
)
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event


class PooledSqliteEventLog(SqliteEventLogStorage):
    """As its parent, which makes an engine and a connection for every statement: half of a small night's time.

    The files are the parent's, in the same place below `base_dir`, which is DAGSTER_HOME. No setting of Dagster's keeps SQLite
    connections open. The parent is private: tests/unit/test_event_log.py fails when a new Dagster changes what is overridden.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._open: dict[str, Connection] = {}
        self._one_thread = RLock()
        self._tables_seen: set[str] = set()
        self._has_asset_columns = False
        super().__init__(str(Path(base_dir) / "history" / "runs"), inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        return {"base_dir": Field(StringSource)}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> PooledSqliteEventLog:
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
            event.listen(engine, "connect", _sync_at_checkpoints)
            self._engines[shard] = engine
        return self._engines[shard]

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._one_thread:
            if shard in self._open:
                # Inside a transaction of this thread: a part of it.
                yield self._open[shard]
                return
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                self._open[shard] = connection
                try:
                    yield connection
                finally:
                    del self._open[shard]

    def store_event(self, event: EventLogEntry) -> None:
        """In one transaction of each file; the parent makes one for each of up to four statements."""
        with self._connect(event.run_id), self._connect(INDEX_SHARD_NAME):
            super().store_event(event)

    def has_table(self, table_name: str) -> bool:
        """Asked anew for every check result; a table that is there stays."""
        if table_name not in self._tables_seen and super().has_table(table_name):
            self._tables_seen.add(table_name)
        return table_name in self._tables_seen

    def _has_asset_key_index_cols_on_connection(self, conn: Connection) -> bool:
        """Asked anew for every asset's event; columns that are there stay."""
        self._has_asset_columns = self._has_asset_columns or super()._has_asset_key_index_cols_on_connection(conn)
        return self._has_asset_columns

    def remove_shard(self, run_id: str) -> None:
        """Remove the database file of a run whose events are deleted; the parent leaves it, empty and as large as before."""
        engine = self._engines.pop(run_id, None)
        if engine:
            engine.dispose()
        self._initialized_dbs.discard(run_id)
        path = Path(self.path_for_shard(run_id))
        for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            file.unlink(missing_ok=True)

    def dispose(self) -> None:
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def remove_check_results(storage: EventLogStorage, run_id: str) -> None:
    """Remove the check results of a run; deleting a run leaves them behind, half a megabyte a night."""
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run_id))


def _sync_at_checkpoints(connection: PoolProxiedConnection, _: object) -> None:
    """In WAL mode a crash loses at most the last events, never the file; a sync for every event costs a small night seconds."""
    connection.cursor().execute("pragma synchronous = normal")
