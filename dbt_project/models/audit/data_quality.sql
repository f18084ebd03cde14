-- What the night found wrong or doubtful: every rule that was tried, with the rows that broke it.
with tried as (
    select
        feed,
        rule,
        cast(sum(rows_failed) as bigint) as rows,
        severity,
        any_value(description) as description
    from {{ source('raw', 'rule_results') }}
    group by feed, rule, severity
),

not_delivered as (
    select
        feed.feed,
        'feed_delivered' as rule,
        cast(0 as bigint) as rows,
        'warning' as severity,
        'The optional feed was not delivered; its marts are served empty' as description
    from {{ source('raw', 'feeds') }} as feed
    anti join {{ source('raw', 'inputs') }} as delivered on feed.feed = delivered.feed
    anti join {{ source('raw', 'left_out') }} as bad on feed.feed = bad.feed
),

left_out as (
    select
        feed,
        'newest_file_used' as rule,
        cast(count(*) as bigint) as rows,
        'warning' as severity,
        'The newest file of the optional feed is good enough; left out: '
        || string_agg(
            file_name || coalesce(' (in its place ' || used_instead || ')', ' (no earlier one)'), ', ' order by file_name
        ) as description
    from {{ source('raw', 'left_out') }}
    group by feed
),

same_files as (
    select
        feed,
        'files_differ' as rule,
        cast(sum(rows_loaded) as bigint) as rows,
        'warning' as severity,
        'No two files of the feed hold the same, as where one has the wrong year or table in its name; the same: '
        || string_agg(file_names, '; ' order by file_names) as description
    from (
        select
            feed,
            any_value(rows_loaded) as rows_loaded,
            string_agg(file_name, ', ' order by file_name) as file_names
        from {{ source('raw', 'inputs') }}
        where rows_loaded > 0
        group by feed, sha256
        having count(*) > 1
    ) as alike
    group by feed
),

unknown_columns as (
    select
        feed,
        'no_unknown_columns' as rule,
        cast(0 as bigint) as rows,
        'warning' as severity,
        'All columns are known; ignored: ' || string_agg(distinct unknown_columns, ', ' order by unknown_columns) as description
    from {{ source('raw', 'inputs') }}
    where unknown_columns <> ''
    group by feed
),

unused_tables as (
    select
        'ssb' as feed,
        'table_used' as rule,
        cast(count(*) as bigint) as rows,
        'warning' as severity,
        'Some cell of the table is used; no cell is of: '
        || string_agg(delivered.file_name, ', ' order by delivered.file_name) as description
    from {{ source('raw', 'inputs') }} as delivered
    anti join {{ ref('int_peer_figures') }} as used on delivered.sha256 = used.file_sha256
    where delivered.feed = 'ssb'
    having count(*) > 0
),

rules_of_models as (
    select
        said.feed,
        said.rule,
        cast(count(doubtful.feed) as bigint) as rows,
        'warning' as severity,
        said.description || case
            when said.description like '%:'
                then ' ' || coalesce(string_agg(distinct doubtful.named, ', ' order by doubtful.named), 'none')
            else ''
        end as description
    from {{ ref('model_rules') }} as said
    left join {{ ref('int_doubtful_rows') }} as doubtful on said.feed = doubtful.feed and said.rule = doubtful.rule
    where said.feed in (select delivered.feed from {{ source('raw', 'inputs') }} as delivered)
    group by said.feed, said.rule, said.description
),

unknown_aliases as (
    select
        'organisasjon' as feed,
        'alias_unit_known' as rule,
        cast(0 as bigint) as rows,
        'warning' as severity,
        'The unit of an alias (seeds/enhetsalias.csv) is one of organisasjon; without effect: '
        || string_agg(listed.alias, ', ' order by listed.alias) as description
    from {{ ref('enhetsalias') }} as listed
    anti join {{ ref('stg_units') }} as unit on trim(listed.enhetskode) = unit.unit_code
    having count(*) > 0
)

select * from tried
union all
select * from not_delivered
union all
select * from left_out
union all
select * from same_files
union all
select * from unknown_columns
union all
select * from unused_tables
union all
select * from rules_of_models
union all
select * from unknown_aliases
