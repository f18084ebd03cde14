-- Leaders are public roles: every level is served for both sexes, 0 included, and never withheld. A person with positions at
-- two levels counts at each, and once in `alle`.
with years as (
    select
        calendar_year,
        is_before_year_end as is_partial
    from {{ ref('int_reference_dates') }}
    where is_last_of_year
),

served_rows as (
    select distinct
        years.calendar_year,
        years.is_partial,
        levels.leader_level,
        sexes.sex
    from years
    cross join {{ ref('leader_levels') }} as levels
    cross join (values ('kvinne'), ('mann')) as sexes (sex)
),

counted as (
    select
        held.calendar_year,
        levels.leader_level,
        held.sex,
        count(distinct held.employee_no) as leaders
    from {{ ref('int_equality_positions') }} as held
    inner join {{ ref('leader_levels') }} as levels on held.leader_level = levels.delivered_level
    where not held.is_on_full_leave
    group by held.calendar_year, levels.leader_level, held.sex
),

totals as (
    select
        served_rows.*,
        coalesce(counted.leaders, 0) as leaders
    from served_rows
    left join counted
        on
            served_rows.calendar_year = counted.calendar_year
            and served_rows.leader_level = counted.leader_level
            and served_rows.sex = counted.sex
)

select
    calendar_year as year,
    {{ year_period('calendar_year') }}
    is_partial,
    leader_level,
    sex,
    leaders,
    {{ percent_of('leaders', 'sum(leaders) over both_sexes') }} as leader_percent
from totals
window both_sexes as (partition by calendar_year, leader_level)
