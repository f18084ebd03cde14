-- One row a sick absence with the spell it belongs to (metrics.md 4). An absence belongs to the person's spell so far when no
-- working day lies between the latest end so far and its start.
with absences as (
    select
        absence.absence_row,
        person.person_row,
        absence.from_date,
        least(coalesce(absence.to_date, series.as_of), series.as_of) as to_date,
        series.short_term_max_days,
        absence.file_sha256,
        absence.row_number
    from {{ ref('stg_absences') }} as absence
    inner join {{ ref('stg_persons') }} as person on absence.employee_no = person.employee_no
    cross join {{ ref('int_series') }} as series
    where absence.certification is not null and absence.from_date <= series.as_of
),

with_latest_end as (
    select
        *,
        max(to_date) over (
            partition by person_row order by from_date, absence_row
            rows between unbounded preceding and 1 preceding
        ) as latest_end
    from absences
),

marked as (
    select
        absence.*,
        formulas.begins_spell(
            absence.from_date, absence.latest_end, day_before.working_day_index, at_end.working_day_index
        ) as begins_spell
    from with_latest_end as absence
    left join {{ ref('int_calendar') }} as day_before on absence.from_date - 1 = day_before.calendar_date
    left join {{ ref('int_calendar') }} as at_end on absence.latest_end = at_end.calendar_date
),

numbered as (
    select
        *,
        count_if(begins_spell) over (
            partition by person_row order by from_date, absence_row
            rows between unbounded preceding and current row
        ) as spell_no
    from marked
)

select
    absence_row,
    person_row,
    from_date,
    to_date,
    cast(spell_no as integer) as spell_no,
    min(from_date) over spell as spell_from,
    max(to_date) over spell as spell_to,
    cast(count(*) over spell as integer) as spell_absences,
    cast(max(to_date) over spell - min(from_date) over spell + 1 as integer) as spell_days,
    formulas.is_long_term(
        max(to_date) over spell - min(from_date) over spell + 1, short_term_max_days
    ) as is_long_term,
    file_sha256,
    row_number
from numbered
window spell as (partition by person_row, spell_no)
-- Whoever asks for a period's spells reads only those of about that time.
order by spell_from
