-- One row a stretch of days on which several absences or leaves are active and each of them, for whoever asks which can be
-- spared.
select
    position.person_row,
    stretch.position_row,
    stretch.from_date,
    stretch.to_date,
    stretch.index_before,
    stretch.index_through,
    stretch.available_percent,
    stretch.lost_doctor_percent,
    stretch.lost_self_percent,
    stretch.is_long_term,
    outage.kind,
    outage.outage_row,
    outage.outage_percent
from {{ ref('int_position_segments') }} as stretch
inner join {{ ref('int_positions') }} as position on stretch.position_row = position.position_row
inner join {{ ref('int_position_absences') }} as outage
    on
        stretch.position_row = outage.position_row
        and stretch.from_date >= outage.from_date
        and stretch.to_date <= outage.to_date
where
    stretch.outages > 1
    and (stretch.available_percent < 100 or stretch.lost_doctor_percent > 0 or stretch.lost_self_percent > 0)
order by year(stretch.to_date), stretch.position_row
