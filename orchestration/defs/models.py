"""Raw tables → marts: the dbt project as assets, its tests as checks, built by dbt in this process."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration import stages
from orchestration.dbt import PROJECT, DbtFailed, load_manifest
from orchestration.night import WRITER_POOL, Night
from orchestration.shown import DATA_TEAM, code_at
from sources.registry import feeds
from warehouse.errors import Refused

# In Dagster's graph eight boxes lead from landing to publication: lists stand beside the views that use them, comparisons with
# what is served.
BOXES = {"seeds": "staging", "served": "publication"}


class LayerTranslator(DagsterDbtTranslator):
    """Groups dbt nodes by layer and hangs them on the feeds and on the gate after them."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            name = dbt_resource_props["name"]
            return dg.AssetKey(["raw", name]) if name in feeds() else dg.AssetKey("accepted_delivery")
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        layer = "seeds" if dbt_resource_props["resource_type"] == "seed" else dbt_resource_props["fqn"][1]
        return BOXES.get(layer, layer)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Without the SQL, to which a link leads."""
        return str(dbt_resource_props.get("description") or "")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return [DATA_TEAM]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        path = PROJECT / dbt_resource_props["original_file_path"]
        return {**super().get_metadata(dbt_resource_props), **code_at(path)}


def _with_rows(context: dg.AssetExecutionContext, event: Any, counts: Mapping[tuple[str, ...], int]) -> Any:
    """An output with the rows of its table, which Dagster plots over the nights. A view has none."""
    if not isinstance(event, dg.Output):
        return event
    rows = counts.get(tuple(context.asset_key_for_output(event.output_name).path))
    return event if rows is None else event.with_metadata({**event.metadata, "dagster/row_count": rows})


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
    failure: DbtFailed | None = None
    try:
        stages.build(night.plan(context.run.run_id, on_dbt_event=events.append))
    except DbtFailed as failed:
        failure = failed
    except Refused as refused:
        raise dg.Failure(str(refused), allow_retries=False) from None
    counts = stages.row_counts(night.home, night.settings)
    for event in events:
        message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
        for found in message.to_default_asset_events(
            manifest=load_manifest(), dagster_dbt_translator=TRANSLATOR, context=context
        ):
            yield _with_rows(context, found, counts)
    if failure:
        raise dg.Failure(description=str(failure)) from None
