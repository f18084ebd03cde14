-- One row a delivered position with what the list of job codes says of its code on the position's last day that is counted:
-- its last one, or the as-of date while it lasts; the first day of a position that has not begun. PAI's is 1 December.
with delivered as (
    select
        'stillinger' as feed,
        position.job_code,
        position.pay_group,
        greatest(position.valid_from, least(coalesce(position.valid_to, series.as_of), series.as_of)) as held_on,
        position.file_sha256,
        position.row_number
    from {{ ref('stg_positions') }} as position
    cross join {{ ref('int_series') }} as series
    union all
    select
        'pai' as feed,
        job_code,
        cast(null as integer) as pay_group,
        reference_date as held_on,
        file_sha256,
        row_number
    from {{ ref('stg_pai') }}
)

select
    delivered.*,
    listed.job_code is not null as is_listed,
    listed.pay_group as listed_pay_group,
    coalesce(delivered.pay_group <> listed.pay_group, false) as has_other_pay_group
from delivered
left join {{ ref('job_codes') }} as listed
    on
        delivered.job_code = listed.job_code
        and delivered.held_on between listed.valid_from and coalesce(listed.valid_to, delivered.held_on)
