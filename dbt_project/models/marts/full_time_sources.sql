-- Payroll's and PAI's full-time figures side by side, for every year that PAI has delivered. Their difference is parted in two:
-- what payroll changes from its last reference date on or before PAI's to the end of the year, and what the sources count
-- otherwise on nearly the same day.
with figures as (
    unpivot (
        select
            source,
            reference_date,
            org_level,
            org_unit_code,
            org_unit_name,
            cast(headcount as double) as headcount,
            fte,
            average_position_percent,
            full_time_100_percent,
            full_time_80_percent
        from {{ ref('full_time_by_unit') }}
    )
    on headcount, fte, average_position_percent, full_time_100_percent, full_time_80_percent
    into name indicator value figure
),

pai_dates as (
    select distinct reference_date
    from figures
    where source = 'pai'
),

dates as (
    select
        cast(year(pai.reference_date) as integer) as year,
        pai.reference_date as pai_date,
        max(payroll.reference_date) as payroll_date,
        max(payroll.reference_date) filter (where payroll.reference_date <= pai.reference_date) as payroll_date_before_pai
    from pai_dates as pai
    left join {{ ref('int_reference_dates') }} as payroll on year(pai.reference_date) = payroll.calendar_year
    group by pai.reference_date
),

comparison_dates as (
    unpivot dates
    on payroll_date, payroll_date_before_pai, pai_date
    into name date_name value reference_date
),

side_by_side as (
    select
        compared.year,
        figures.indicator,
        figures.org_level,
        figures.org_unit_code,
        any_value(figures.org_unit_name) as org_unit_name,
        max(case when compared.date_name = 'payroll_date' then figures.figure end) as payroll_value,
        max(case when compared.date_name = 'payroll_date_before_pai' then figures.figure end) as payroll_value_before_pai,
        max(case when compared.date_name = 'pai_date' then figures.figure end) as pai_value
    from comparison_dates as compared
    inner join figures
        on
            compared.reference_date = figures.reference_date
            and case compared.date_name when 'pai_date' then 'pai' else 'payroll' end = figures.source
    group by compared.year, figures.indicator, figures.org_level, figures.org_unit_code
)

select
    side.indicator,
    side.year,
    {{ year_so_far('side.year', 'series.as_of') }}
    side.org_level,
    side.org_unit_code,
    side.org_unit_name,
    side.payroll_value,
    side.payroll_value_before_pai,
    side.pai_value,
    side.payroll_value - side.pai_value as payroll_minus_pai,
    side.payroll_value - side.payroll_value_before_pai as due_to_date,
    side.payroll_value_before_pai - side.pai_value as due_to_source,
    dates.payroll_date,
    dates.payroll_date_before_pai,
    dates.pai_date,
    case side.indicator
        when 'full_time_100_percent' then 'personprosent minst 100'
        when 'full_time_80_percent'
            then 'personprosent minst ' || {{ short_number('settings.full_time_threshold', ',') }}
    end as threshold,
    'Personer (ansattnummer): summen av stillingene under enheten som Fast, Vikar eller Midlertidig, over 0 %, uten dem '
    || 'i 100 % permisjon den dagen' as payroll_counts,
    'Personer (fødselsnummer): summen av stillingene under enheten i PAI (F, V, M), over 0 %, også i permisjon; en '
    || 'stilling uten kjent enhet telles bare i kommunen' as pai_counts
from side_by_side as side
inner join dates on side.year = dates.year
cross join {{ source('raw', 'settings') }} as settings
cross join {{ ref('int_series') }} as series
