with cells as (
    select
        month_index,
        unit_code,
        sex,
        {{ sums_of_sick_leave() }}
    from {{ ref('int_sick_leave_months') }}
    group by month_index, unit_code, sex
),

{{ sick_leave_by('cells', ['sex']) }}
