"""Raw tables → marts: the dbt project as assets, its tests as checks, built by dbt in this process."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.dbt import DbtFailed, load_manifest, run_dbt
from orchestration.night import WRITER_POOL, Night, log
from sources.registry import feeds


class LayerTranslator(DagsterDbtTranslator):
    """Groups dbt nodes by layer and hangs them on the feeds and on the gate after them."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            name = dbt_resource_props["name"]
            return dg.AssetKey(["raw", name]) if name in feeds() else dg.AssetKey("accepted_delivery")
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return "seeds" if dbt_resource_props["resource_type"] == "seed" else dbt_resource_props["fqn"][1]


TRANSLATOR = LayerTranslator(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))


@dbt_assets(
    manifest=load_manifest(),
    dagster_dbt_translator=TRANSLATOR,
    pool=WRITER_POOL,
    retry_policy=dg.RetryPolicy(max_retries=1),
)
def dbt_models(context: dg.AssetExecutionContext, night: Night) -> Iterator[Any]:
    """Build and test every model; what was built before a failure is still reported."""
    events: list[dict[str, Any]] = []

    def told(event: dict[str, Any]) -> None:
        if event["info"]["name"] in ("LogModelResult", "LogSeedResult", "LogTestResult"):
            events.append(event)
            if event["info"]["name"] == "LogModelResult":
                node = event["data"]["node_info"]
                log.info("models: %s %s", node["node_name"], node["node_status"])

    failure: DbtFailed | None = None
    try:
        run_dbt(
            ["build", "--exclude-resource-type", "unit_test"],
            database=night.home.build_database,
            target=night.home.build / "dbt",
            memory_limit=night.settings.memory_limit,
            on_event=told,
        )
    except DbtFailed as failed:
        failure = failed
    for event in events:
        message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
        yield from message.to_default_asset_events(manifest=load_manifest(), dagster_dbt_translator=TRANSLATOR, context=context)
    if failure:
        raise dg.Failure(description=str(failure)) from None
