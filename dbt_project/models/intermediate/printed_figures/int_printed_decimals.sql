-- One row a printed figure with the decimals it is compared at: those it is printed with, but a closing zero does not count
-- where the same cell is printed elsewhere with fewer digits and agrees.
with figures as (
    select
        figure.figure_id,
        figure.value,
        figure.decimals,
        figure.decimals - length(regexp_extract({{ printed('figure.value', 'figure.decimals') }}, '0*$')) as without_zeros,
        wanted.same_cell
    from {{ ref('stg_printed_figures') }} as figure
    inner join {{ ref('int_printed_cells') }} as wanted on figure.figure_id = wanted.figure_id
)

select
    this.figure_id,
    case
        when count(other.decimals) = 0 then any_value(this.decimals)
        else greatest(min(other.decimals), any_value(this.without_zeros))
    end as compared_decimals
from figures as this
left join figures as other
    on
        this.same_cell = other.same_cell
        and this.decimals > other.decimals
        and {{ rounded_as_printed('this.value', 'other.decimals') }} = other.value
group by this.figure_id
