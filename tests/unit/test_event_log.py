"""The event log's private parent: a new Dagster that changes what we override must fail here first.
Not here: nights (tests/pipeline).
"""

import hashlib
import inspect
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from orchestration.event_log import PooledSqliteEventLog

ROOT = Path(__file__).parents[2]
# SHA-256 of the parent's source. Where one differs, read the new source beside orchestration/event_log.py, mend what does not
# fit any more, and put the new hash here. `__init__` and `_initdb` are called, the others are overridden.
SEEN = {
    "__init__": "264c15baa761a7bb4fd59f529de849ffd483fa20494c0898448891460b47ea60",
    "_initdb": "7a302d98eb61a34d52a0bcfe1bd8258e05c1871b69231b21954ba9a704e2fbe4",
    "_connect": "b8435f2665689760a1e1d98e17b78ceef5a48256dc11b562a20c840abc37d170",
    "_has_asset_key_col_on_connection": "981049dfa81d2e475f18e9135151c284f87bea9d4e48067125081619c5e232c4",
    "config_type": "749b9d6bc31d00f21e37ad0851251ed5344d3e4e2338348de3aa2cfe3e93b9bd",
    "conn_string_for_shard": "896bc510d776042e710bb5b47fcfec62c8c0c8518fa4d1d3a836bbbf8d73634a",
    "dispose": "df16dafbfa8427c18f32482fc9cb11a9352b1b6d41beab491bcee388ee498255",
    "from_config_value": "28e08f095dc13fb205bd9f8e66d8e69a9569100cb75b56cc3646fc4d5f4eb29b",
    "has_secondary_index": "75ea1eb99d7519bc9da9600d6702f436f692c27e99e355f4baae52a9aff3cb1d",
    "has_table": "577d801c70b2a4a50ef067b8ba609e19c199a70e46f50cbb8561c28bcc3731f9",
}


@pytest.mark.parametrize("method", SEEN)
def test_the_parent_is_the_one_that_was_read(method: str) -> None:
    source = inspect.getsource(getattr(SqliteEventLogStorage, method))
    assert hashlib.sha256(source.encode("utf-8")).hexdigest() == SEEN[method], source


def test_the_instance_keeps_its_connections(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        (ROOT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )

    @dg.op
    def say(context: dg.OpExecutionContext) -> None:
        for number in range(20):
            context.log.info("line %d", number)

    @dg.job
    def talk() -> None:
        say()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path))
        with dg.DagsterInstance.get() as instance:
            log = instance.event_log_storage
            assert isinstance(log, PooledSqliteEventLog)
            result = talk.execute_in_process(instance=instance)
            lines = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.user_message.startswith("line ")]
            assert lines == [f"line {number}" for number in range(20)]
            assert set(log._engines) >= {"index", result.run_id}
            assert all(engine.pool.checkedin() >= 1 for engine in log._engines.values())
        assert not log._engines
    # The parent finds what was written, in its own place.
    parent = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    assert [entry.user_message for entry in parent.get_logs_for_run(result.run_id)].count("line 19") == 1
    parent.dispose()
