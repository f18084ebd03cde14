-- Targets in force; superseded ones stay in int_targets.
select
    target.indicator,
    target.target_year as year,
    {{ year_period('target.target_year') }}
    series.as_of < make_date(target.target_year, 12, 31) as is_partial,
    target.org_level,
    target.org_unit_code,
    target.org_unit_name,
    cast(target.target as double) as target,
    own.figure as actual,
    own.figure - cast(target.target as double) as gap,
    case indicator.better
        when 'lower' then own.figure <= cast(target.target as double)
        when 'higher' then own.figure >= cast(target.target as double)
    end as on_track
from {{ ref('int_targets') }} as target
cross join {{ ref('int_series') }} as series
left join {{ ref('int_own_figures') }} as own
    on
        target.indicator = own.indicator
        and own.period_type = 'year'
        and cast(target.target_year as varchar) = own.period
        and target.org_level = own.org_level
        and target.org_unit_code = own.org_unit_code
left join {{ ref('indicators') }} as indicator on target.indicator = indicator.indicator
where not target.is_superseded
