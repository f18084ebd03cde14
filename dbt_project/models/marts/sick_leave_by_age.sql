-- Age is calendar year − birth year, so a person stays in one band all year.
with cells as (
    select
        cell.month_index,
        cell.unit_code,
        coalesce(cell.sex, 'alle') as sex,
        band.age_group,
        {{ sums_of_sick_leave('cell.') }}
    from {{ ref('int_sick_leave_months') }} as cell
    inner join {{ ref('int_months') }} as period_month on cell.month_index = period_month.month_index
    inner join {{ source('raw', 'age_bands') }} as band
        on period_month.calendar_year - cell.birth_year between band.first_age and band.last_age
    group by grouping sets (
        (cell.month_index, cell.unit_code, cell.sex, band.age_group),
        (cell.month_index, cell.unit_code, band.age_group)
    )
),

ages as (
    select
        age_group,
        cast(row_number() over (order by first_age) as integer) as age_group_sort
    from {{ source('raw', 'age_bands') }}
),

{{ sick_leave_by('cells', ['sex', 'age_group'], labels=['ages.age_group_sort']) }}
inner join ages on totals.age_group = ages.age_group
