-- One row a further name of a unit (seeds/enhetsalias.csv) and the days on which it is used. An alias of a code that
-- organisasjon does not have is left out; data_quality counts it.
select
    {{ bare_unit_name('listed.alias') }} as bare_name,
    unit.unit_level,
    unit.unit_code,
    unit.unit_name,
    coalesce(listed.fra, date '0001-01-01') as valid_from,
    coalesce(listed.til, date '9999-12-31') as valid_to
from {{ ref('enhetsalias') }} as listed
inner join {{ ref('stg_units') }} as unit on trim(listed.enhetskode) = unit.unit_code
