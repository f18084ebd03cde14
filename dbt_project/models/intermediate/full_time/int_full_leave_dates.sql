-- One row a position period and reference date on which its leaves add up to the whole position. A leave with a position number
-- applies to that position, one without to all the person's positions.
select
    held.position_row,
    reference.reference_date
from {{ ref('stg_leaves') }} as leaves
inner join {{ ref('int_reference_dates') }} as reference
    on reference.reference_date between leaves.from_date and coalesce(leaves.to_date, reference.reference_date)
inner join {{ ref('stg_positions') }} as held
    on
        leaves.employee_no = held.employee_no
        and coalesce(leaves.position_no, held.position_no) = held.position_no
        and reference.reference_date between held.valid_from and coalesce(held.valid_to, reference.reference_date)
group by held.position_row, reference.reference_date
having formulas.is_full_leave(sum(leaves.leave_percent))
