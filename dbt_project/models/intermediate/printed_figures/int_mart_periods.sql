-- One row a mart that holds printed figures and time it holds, to say why a cell is not there.
{% for mart in printed_marts() %}
    {% set times = time_columns(grain_of(mart)) %}
    select
        '{{ mart }}' as mart,
        concat_ws(
            ' ',
            {% for column in times %}
                cast({{ column }} as varchar){{ ',' if not loop.last }}
            {% endfor %}
        ) as period
    from (select distinct {{ times | join(', ') }} from {{ ref(mart) }}) as held
    {{ 'union all' if not loop.last }}
{% endfor %}
