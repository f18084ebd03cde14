-- One row a sick absence with the number of its days on which the person holds no position it could apply to.
with position_periods as (
    select
        employee_no,
        position_no,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from {{ ref('stg_positions') }}
),

with_latest_end as (
    select
        *,
        max(valid_to) over (
            partition by employee_no order by valid_from, valid_to
            rows between unbounded preceding and 1 preceding
        ) as latest_end
    from position_periods
),

employments as (
    select
        employee_no,
        valid_from,
        valid_to,
        count_if(latest_end is null or valid_from > latest_end) over (
            partition by employee_no order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as employment_no
    from with_latest_end
),

covers as (
    select
        employee_no,
        position_no,
        valid_from,
        valid_to
    from position_periods
    union all
    select
        employee_no,
        cast(null as varchar) as position_no,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from employments
    group by employee_no, employment_no
),

sick_absences as (
    select
        spell.absence_row,
        absence.file_sha256,
        absence.row_number,
        absence.employee_no,
        absence.position_no,
        spell.from_date,
        spell.to_date
    from {{ ref('int_spells') }} as spell
    inner join {{ ref('stg_absences') }} as absence on spell.absence_row = absence.absence_row
)

select
    absence.absence_row,
    absence.file_sha256,
    absence.row_number,
    absence.to_date - absence.from_date + 1 - coalesce(
        sum(
            least(absence.to_date, cover.valid_to) - greatest(absence.from_date, cover.valid_from) + 1
        -- Without this filter an absence that no position covers would be covered whole: least and greatest ignore nulls.
        ) filter (where cover.employee_no is not null), 0
    ) as uncovered_days
from sick_absences as absence
left join covers as cover
    on
        absence.employee_no = cover.employee_no
        and absence.position_no is not distinct from cover.position_no
        and absence.from_date <= cover.valid_to
        and absence.to_date >= cover.valid_from
group by absence.absence_row, absence.file_sha256, absence.row_number, absence.from_date, absence.to_date
