-- One row a printed figure whose cell the warehouse holds, with what it computes for it; null where the cell has no value.
{% for mart in printed_marts() %}
    {% set keys = grain_of(mart) %}
    -- At most two values are added, those of the two sexes: the sum is the same in either order.
    select
        wanted.figure_id,
        sum(cast(to_json(held) ->> wanted.measure as double)) as computed  -- noqa: RF02
    from {{ ref('int_printed_cells') }} as wanted
    inner join {{ ref(mart) }} as held
        on
            wanted.mart = '{{ mart }}'
            {% for key in keys if key != 'sex' %}
                and (wanted.cell ->> '{{ key }}') = cast(held.{{ key }} as varchar)
            {% endfor %}
            {% if 'sex' in keys %}
                and coalesce(wanted.cell ->> 'sex', held.sex) = held.sex
            {% endif %}
    group by wanted.figure_id
    {{ 'union all' if not loop.last }}
{% endfor %}
