-- One row a reference date and position that is held on some day of the twelve months up to it, of whatever form of employment,
-- on leave or not: whether it is held on the date, and twelve months before (metrics.md 3).
with dates as (
    select
        reference.reference_date,
        case
            when reference.reference_date = last_day(reference.reference_date)
                then last_day(cast(reference.reference_date - interval 12 month as date))
            else cast(reference.reference_date - interval 12 month as date)
        end as year_before
    from {{ ref('int_reference_dates') }} as reference
)

select
    dates.reference_date,
    dates.year_before,
    -- Of the time before the series begins nobody knows all who came and went.
    dates.year_before >= series.first_day as has_year_before,
    held.position_row,
    held.employee_no,
    held.unit_code,
    held.employment_form,
    held.position_percent,
    coalesce(held.valid_to, dates.reference_date) >= dates.reference_date as is_held,
    held.valid_from <= dates.year_before as is_held_before
from {{ ref('stg_positions') }} as held
inner join dates
    on
        held.valid_from <= dates.reference_date
        and coalesce(held.valid_to, dates.reference_date) >= dates.year_before
cross join {{ ref('int_series') }} as series
where held.position_percent > 0
