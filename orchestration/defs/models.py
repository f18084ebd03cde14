"""Raw tables → marts: the dbt project as assets, its tests as checks, built by dbt in this process."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration import stages
from orchestration.dbt import DbtFailed, load_manifest
from orchestration.night import WRITER_POOL, Night
from sources.registry import feeds
from warehouse.errors import Refused

OF_NODES = ("LogModelResult", "LogSeedResult", "LogTestResult")


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
    if context.is_subset:
        raise dg.Failure(
            "models are built and tested all together: run the job `nightly`, which builds the delivery anew",
            allow_retries=False,
        )
    events: list[dict[str, Any]] = []

    def keep(event: dict[str, Any]) -> None:
        if event["info"]["name"] in OF_NODES:
            events.append(event)

    failure: DbtFailed | None = None
    try:
        stages.build(night.plan(context.run.run_id, on_dbt_event=keep))
    except DbtFailed as failed:
        failure = failed
    except Refused as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None
    for event in events:
        message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
        yield from message.to_default_asset_events(manifest=load_manifest(), dagster_dbt_translator=TRANSLATOR, context=context)
    if failure:
        raise dg.Failure(description=str(failure)) from None
