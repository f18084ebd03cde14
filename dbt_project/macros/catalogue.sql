{# What the yml of a table says of it (config.meta). Only while models are run: before that the project is not known whole. #}
{% macro meta_of(table) -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
    {{ return((models | selectattr('name', 'equalto', table) | first).config.meta) }}
{%- endmacro %}

{# The columns that name a cell of a table; a stand-in where the project is only parsed. #}
{% macro grain_of(table) -%}
    {{ return(meta_of(table).grain if execute else ['period', 'sex']) }}
{%- endmacro %}

{# The measures of all served tables, each as its table, subject and column with what the yml says of it, in a fixed order. #}
{% macro measures_of_tables() -%}
    {%- set found = [] -%}
    {%- for node in (graph.nodes.values() if execute else []) | sort(attribute='unique_id') -%}
        {%- if node.resource_type == 'model' and node.schema == 'marts' -%}
            {%- for column in node.columns.values() if column.config.meta.measure -%}
                {%- do found.append([node.name, node.config.meta.subject, column.name, column.config.meta.measure]) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# A value as a literal of SQL. #}
{% macro literal(value) -%}
    {{ return('null' if value is none or value is undefined else "'" ~ (value | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}

{# A number with no more decimals than it has. #}
{% macro short_number(value, decimal_mark) -%}
    replace(format('{:g}', cast({{ value }} as double)), '.', '{{ decimal_mark }}')
{%- endmacro %}

{# A text in which the night's settings stand for their names in braces, with this decimal mark; `with_settings` of
   warehouse/catalogue.py does the same with names and descriptions of columns. #}
{% macro with_settings(text, decimal_mark) -%}
    {%- set names = ['possible_days_per_fte', 'short_term_max_days', 'full_time_threshold'] -%}
    {%- set filled = namespace(text=text) -%}
    {%- for name in names -%}
        {%- set number = short_number('settings.' ~ name, decimal_mark) -%}
        {%- set filled.text = "replace(" ~ filled.text ~ ", '{" ~ name ~ "}', " ~ number ~ ")" -%}
    {%- endfor -%}
    {{ return(filled.text) }}
{%- endmacro %}
