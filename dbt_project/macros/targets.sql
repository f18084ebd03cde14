{# The measures that targets can be set for: those of the tables that have a unit and a time alone, each as table and column. Of
   tables with the same column the first gives it. #}
{% macro measures_of_targets() -%}
    {%- set found = {} -%}
    {%- for wanted in ['full_time_by_unit', 'sick_leave_by_unit', 'substitutes_by_unit', 'survey_response'] -%}
        {%- for table, subject, column, said in measures_of_tables() if table == wanted and column not in found -%}
            {%- do found.update({column: table}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Measures of full_time_by_unit that payroll does not have. #}
{% macro measures_of_pai_alone() -%}
    {{ return(['vocational_or_higher', 'education_known', 'vocational_or_higher_percent']) }}
{%- endmacro %}

{# The figure of each year: of full time on its last reference date (of education PAI's 1 December), of substitutes in its last month. #}
{% macro figures_of_years() %}
    {% set relations = {
        'full_time_by_unit': ref('full_time_by_unit'),
        'sick_leave_by_unit': ref('sick_leave_by_unit'),
        'substitutes_by_unit': ref('substitutes_by_unit'),
        'survey_response': ref('survey_response'),
    } %}
    {% set dates = ref('int_reference_dates') %}
    {% for column, table in measures_of_targets().items() %}
        select
            '{{ column }}' as indicator,
            cell.org_level,
            cell.org_unit_code,
            {% if column in measures_of_pai_alone() %}
            cast(year(cell.reference_date) as integer) as calendar_year,
            {% elif table == 'full_time_by_unit' %}
            dates.calendar_year,
            {% elif table == 'survey_response' %}
            cell.year as calendar_year,
            {% else %}
            cast(left(cell.{{ 'period' if table == 'sick_leave_by_unit' else 'month' }}, 4) as integer) as calendar_year,
            {% endif %}
            cast(cell.{{ column }} as double) as figure
        from {{ relations[table] }} as cell
        {% if column in measures_of_pai_alone() %}
        where cell.source = 'pai'
        {% elif table == 'full_time_by_unit' %}
        inner join {{ dates }} as dates
            on cell.source = 'payroll' and cell.reference_date = dates.reference_date and dates.is_last_of_year
        {% elif table == 'sick_leave_by_unit' %}
        where cell.period_type = 'year'
        {% elif table == 'substitutes_by_unit' %}
        qualify row_number() over (
            partition by left(cell.month, 4), cell.org_level, cell.org_unit_code order by cell.month desc
        ) = 1
        {% endif %}
        {{ 'union all' if not loop.last }}
    {% else %}
        select null as indicator
    {% endfor %}
{% endmacro %}
