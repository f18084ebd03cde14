"""Dagster's own SQLite event log with connections that stay open: a night writes a thousand events, each in several statements.
Not here: what is logged, or where the instance lies (dagster.yaml).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from dagster import Field, StringSource
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SQLITE_BUSY_TIMEOUT_SECONDS, SqliteEventLogStorage
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event


class PooledSqliteEventLog(SqliteEventLogStorage):
    """As its parent, which makes an engine and a connection for every statement: half of a small night's time.

    The files are the parent's, in the same place below `base_dir`, which is DAGSTER_HOME. No setting of Dagster's keeps SQLite
    connections open. The parent is private: tests/unit/test_event_log.py fails when a new Dagster changes what is overridden.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._seen: set[tuple[str, str]] = set()
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
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        return self._is_there("table", table_name, partial(super().has_table, table_name))

    def has_secondary_index(self, name: str) -> bool:
        return self._is_there("index", name, partial(super().has_secondary_index, name))

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        look = partial(super()._has_asset_key_col_on_connection, conn, column_name)
        return self._is_there("column", column_name, look)

    def _is_there(self, kind: str, name: str, look: Callable[[], bool]) -> bool:
        """Look until it is there: the parent asks anew for every event, and what is there stays."""
        if (kind, name) not in self._seen and look():
            self._seen.add((kind, name))
        return (kind, name) in self._seen

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
