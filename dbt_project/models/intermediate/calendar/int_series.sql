-- The time that is reported: from 1 January of the first year to the as-of date. A year with less than a hundredth of
-- the sick absences of the fullest one does not begin the series: a mistyped date must not.
with years as (
    select
        year(absence.from_date) as absence_year,
        count(*) as absences
    from {{ ref('stg_absences') }} as absence
    cross join {{ source('raw', 'settings') }} as settings
    where absence.certification is not null and absence.from_date <= settings.as_of
    group by absence_year
),

begins as (
    select min(absence_year) as first_year
    from years
    where 100 * absences >= (select max(fullest.absences) from years as fullest)
)

select
    settings.as_of,
    make_date(coalesce(settings.first_year, begins.first_year, year(settings.as_of)), 1, 1) as first_day,
    settings.possible_days_per_fte,
    settings.short_term_max_days
from {{ source('raw', 'settings') }} as settings
cross join begins
