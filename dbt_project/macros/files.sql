{# A feed may come in several files, each with its own row numbers. This numbers all its rows: those of a file, by their hashes in
   order, go on after the last of the file before. One row a file, to be joined by `file_sha256`. #}
{% macro rows_before(feed) %}
select
    file_sha256,
    cast(sum(max(row_number)) over (order by file_sha256) - max(row_number) as bigint) as rows_before
from {{ source('raw', feed) }}
group by file_sha256
{% endmacro %}
