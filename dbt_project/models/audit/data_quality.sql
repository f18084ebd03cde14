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

absences_outside_positions as (
    select
        'fravaer' as feed,
        'absence_within_position' as rule,
        cast(count(*) filter (where uncovered_days > 0) as bigint) as rows,
        'warning' as severity,
        'Sick absence lies within the validity of the position; days outside it count for nothing' as description
    from {{ ref('int_absence_coverage') }}
),

leaves_outside_positions as (
    select
        'permisjoner' as feed,
        'leave_within_position' as rule,
        cast(count(*) filter (where not is_covered) as bigint) as rows,
        'warning' as severity,
        'The person holds a position on some day of the leave, that of Stillingsnr where it is given; others count for nothing'
            as description
    from {{ ref('int_leave_coverage') }}
),

hours_of_later_months as (
    select
        'variable_timer' as feed,
        'month_has_begun' as rule,
        cast(count(*) as bigint) as rows,
        'warning' as severity,
        'The month has begun by the extract date; hours of later months count for nothing' as description
    from {{ ref('stg_variable_hours') }}
    where not has_month_begun
    having count(*) > 0
),

delivered_units as (
    select
        'deltakelse' as feed,
        is_matched,
        'by code or by name, once; others are served under the level ukjent' as consequence
    from {{ ref('int_survey_response') }}
    union all
    select
        'faktorer' as feed,
        is_matched,
        'by code or by name, once; others are served under the level ukjent' as consequence
    from {{ ref('int_survey_factors') }}
    union all
    select
        'maltall' as feed,
        is_matched,
        'by code or by name, once; others have no actual figure' as consequence
    from {{ ref('int_targets') }}
    union all
    select
        'pai' as feed,
        is_known_unit as is_matched,
        'by code; other positions count in the municipality alone' as consequence
    from {{ ref('stg_pai') }}
),

unmatched_units as (
    select
        feed,
        'unit_matched' as rule,
        cast(count_if(not is_matched) as bigint) as rows,
        'warning' as severity,
        'The unit is one of organisasjon, ' || consequence as description
    from delivered_units
    group by feed, consequence
),

names_of_other_units as (
    select
        feed,
        'unit_code_and_name_agree' as rule,
        cast(count_if(has_name_of_another) as bigint) as rows,
        'warning' as severity,
        'The name of the unit is not that of another unit than the code says; the code is taken' as description
    from (
        select
            'deltakelse' as feed,
            has_name_of_another
        from {{ ref('int_survey_response') }}
        union all
        select
            'faktorer' as feed,
            has_name_of_another
        from {{ ref('int_survey_factors') }}
    ) as delivered
    group by feed
),

job_codes_beside_the_list as (
    select
        feed,
        'job_code_listed' as rule,
        cast(count_if(not is_listed) as bigint) as rows,
        'warning' as severity,
        'The job code is in the list of job codes (seeds/job_codes.csv) on the day; others are counted all the same'
            as description
    from {{ ref('int_listed_job_codes') }}
    group by feed
    union all
    select
        feed,
        'pay_group_as_listed' as rule,
        cast(count_if(has_other_pay_group) as bigint) as rows,
        'warning' as severity,
        'The pay group is that of the job code in the list of job codes; the delivered one is counted' as description
    from {{ ref('int_listed_job_codes') }}
    where feed = 'stillinger'
    group by feed
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
),

unknown_indicators as (
    select
        'maltall' as feed,
        'indicator_known' as rule,
        cast(count(*) as bigint) as rows,
        'warning' as severity,
        'The indicator is a measure of a table by unit; others have no actual figure: '
        || coalesce(string_agg(distinct indicator, ', ' order by indicator), 'none') as description
    from {{ ref('int_targets') }}
    where
        indicator not in (
            {% for column in measures_of_targets() %}'{{ column }}', {% endfor %}''
        )
),

indicators_of_peers as (
    select
        'sammenligning' as feed,
        'indicator_known' as rule,
        cast(count(*) as bigint) as rows,
        'warning' as severity,
        'The indicator is a measure of a table; others stand beside no figure of the municipality: '
        || coalesce(string_agg(distinct indicator, ', ' order by indicator), 'none') as description
    from {{ ref('stg_peer_figures') }}
    where
        indicator not in (
            {% for table, subject, column, said in measures_of_tables() %}'{{ column }}', {% endfor %}''
        )
),

peers_told_twice as (
    select
        'sammenligning' as feed,
        'peer_once' as rule,
        cast(count_if(is_told_again) as bigint) as rows,
        'warning' as severity,
        'A peer has one figure of an indicator and period, whatever its name is written like; each of several is ranked'
            as description
    from {{ ref('int_peer_figures') }}
    where feed = 'sammenligning'
),

other_notes as (
    select
        'maltall' as feed,
        'target_not_superseded' as rule,
        cast(count_if(is_superseded) as bigint) as rows,
        'warning' as severity,
        'No later decision has set the same target; superseded targets are kept and say by which' as description
    from {{ ref('int_targets') }}
    union all
    select
        'maltall' as feed,
        'target_once' as rule,
        cast(count_if(is_said_again) as bigint) as rows,
        'warning' as severity,
        'A decision sets a target once, whether the unit is told by code or by name; of several the last row is taken'
            as description
    from {{ ref('int_targets') }}
    union all
    select
        'maltall' as feed,
        'decision_is_taken' as rule,
        cast(count_if(target.decided_on > delivered.extract_date) as bigint) as rows,
        'warning' as severity,
        'The decision is not dated after the file; the later decision holds, so a wrong year stands before every right one'
            as description
    from {{ ref('int_targets') }} as target
    inner join {{ source('raw', 'inputs') }} as delivered on target.file_sha256 = delivered.sha256
    where delivered.feed = 'maltall'
    union all
    select
        'sammenligning' as feed,
        'peer_is_another' as rule,
        cast(count_if(is_replaced) as bigint) as rows,
        'warning' as severity,
        'The peer is not the municipality itself; its own figure is computed' as description
    from {{ ref('int_benchmarks') }}
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
select * from absences_outside_positions
union all
select * from leaves_outside_positions
union all
select * from hours_of_later_months
union all
select * from unmatched_units
union all
select * from names_of_other_units
union all
select * from job_codes_beside_the_list
union all
select * from unknown_aliases
union all
select * from unknown_indicators
union all
select * from indicators_of_peers
union all
select * from peers_told_twice
union all
select * from other_notes
