with cells as (
    select
        month_index,
        unit_code,
        {{ sums_of_sick_leave() }}
    from {{ ref('int_sick_leave_months') }}
    group by month_index, unit_code
),

{{ sick_leave_by('cells') }}
