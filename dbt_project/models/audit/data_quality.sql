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
),

absences_outside_positions as (
    select
        'fravaer' as feed,
        'absence_within_position' as rule,
        cast(count_if(uncovered_days > 0) as bigint) as rows,
        'warning' as severity,
        'Sick absence lies within the validity of the position; days outside it count for nothing' as description
    from {{ ref('int_absence_coverage') }}
),

survey_units as (
    select
        'deltakelse' as feed,
        is_matched
    from {{ ref('int_survey_response') }}
    union all
    select
        'faktorer' as feed,
        is_matched
    from {{ ref('int_survey_factors') }}
),

unmatched_units as (
    select
        feed,
        'unit_matched' as rule,
        cast(count_if(not is_matched) as bigint) as rows,
        'warning' as severity,
        'The unit is one of organisasjon, by code or by name, once; others are served under the level ukjent' as description
    from survey_units
    group by feed
)

select * from tried
union all
select * from not_delivered
union all
select * from absences_outside_positions
union all
select * from unmatched_units
