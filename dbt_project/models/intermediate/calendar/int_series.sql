-- The time that is reported: from 1 January of the first year to the as-of date.
select
    settings.as_of,
    make_date(
        coalesce(settings.first_year, year(min(absence.from_date)), year(settings.as_of)), 1, 1
    ) as first_day,
    settings.possible_days_per_fte,
    settings.short_term_max_days
from {{ source('raw', 'settings') }} as settings
left join {{ ref('stg_absences') }} as absence
    on
        absence.certification is not null
        and absence.from_date <= settings.as_of
group by settings.as_of, settings.first_year, settings.possible_days_per_fte, settings.short_term_max_days
