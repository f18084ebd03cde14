-- Hours of a kind outside the code list keep their row and count in no measure; the contract's warning counts them.
select
    hours.employee_no,
    hours.unit_code,
    hours.worked_month,
    hours.worked_month <= strftime(settings.extract_date, '%Y-%m') as has_month_begun,
    hours.hours_kind,
    kind.hours_kind is not null as is_counted,
    coalesce(kind.is_substitute, false) as is_substitute,
    coalesce(kind.is_overtime, false) as is_overtime,
    hours.hours,
    hours.hours_pay,
    hours.file_sha256,
    hours.row_number
from {{ source('raw', 'variable_timer') }} as hours
left join {{ ref('hour_kinds') }} as kind on hours.hours_kind = kind.hours_kind
cross join {{ source('raw', 'settings') }} as settings
