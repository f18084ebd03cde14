-- One row a leave: whether the person holds a position that it could apply to on any of its days.
select
    leaves.leave_row,
    leaves.file_sha256,
    leaves.row_number,
    count(held.position_row) > 0 as is_covered
from {{ ref('stg_leaves') }} as leaves
left join {{ ref('stg_positions') }} as held
    on
        leaves.employee_no = held.employee_no
        and coalesce(leaves.position_no, held.position_no) = held.position_no
        and leaves.from_date <= coalesce(held.valid_to, leaves.from_date)
        and held.valid_from <= coalesce(leaves.to_date, held.valid_from)
group by leaves.leave_row, leaves.file_sha256, leaves.row_number
