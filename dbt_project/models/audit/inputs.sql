-- One row a file. A workbook whose sheets are feeds of their own counts the rows of all of them.
select
    delivered_as as feed,
    file_name,
    any_value(sha256) as sha256,
    any_value(extract_date) as extract_date,
    cast(sum(rows_delivered) as bigint) as rows_delivered,
    cast(sum(rows_loaded) as bigint) as rows_loaded,
    cast(sum(rows_quarantined) as bigint) as rows_quarantined
from {{ source('raw', 'inputs') }}
group by delivered_as, file_name
