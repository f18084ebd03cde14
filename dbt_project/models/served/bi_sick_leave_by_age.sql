-- Of both sexes: beside them the sexes would count everybody twice.
with ages as (
    select distinct
        age_group,
        age_group_sort
    from {{ ref('sick_leave_by_age') }}
),

{{ bi_sick_leave_by(
    'sick_leave_by_age',
    'age_group',
    where="cell.sex = 'alle'",
    columns=['coalesce(ages.age_group_sort, 99) as age_group_sort']
) }}
left join ages on part.age_group = ages.age_group
