{# A model's schema is its layer's name, without the target schema in front: the build database has one tenant. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
