{# The formulas of metrics.md that both the models and Python (`arsverk trace`, restatements) compute, as macros of the build
   database, in its schema `formulas`. They are made before the models run (dbt_project.yml, on-run-start) and stay in the restricted database.
   A sum of percents of a day is called `leaves`, `doctors` or `selves`: of all the leaves, the doctor-certified and the
   self-certified absences that are active on it. Not here: how rows are joined and summed (models). #}
{% macro create_formulas() %}
create schema if not exists formulas;

-- A unit's name without a prefix like "01 - ", in lower case (metrics.md 2).
create or replace macro formulas.bare_unit_name(name) as
    lower(trim(regexp_replace(name, '^\s*[0-9]+\s*[-–]\s*', '')));

-- The lost time of a day, in percent of the position (metrics.md 4).
create or replace macro formulas.available_percent(leaves) as
    100 - least(100, leaves);
create or replace macro formulas.lost_doctor_percent(leaves, doctors) as
    least(least(100, doctors), formulas.available_percent(leaves));
-- Graded: of a day whose doctor-certified percents leave some work to be done.
create or replace macro formulas.lost_graded_percent(leaves, doctors) as
    case when doctors < 100 then formulas.lost_doctor_percent(leaves, doctors) else 0 end;
create or replace macro formulas.lost_self_percent(leaves, doctors, selves) as
    least(
        least(100 - least(100, doctors), selves),
        formulas.available_percent(leaves) - formulas.lost_doctor_percent(leaves, doctors)
    );
create or replace macro formulas.lost_percent(leaves, doctors, selves) as
    formulas.lost_doctor_percent(leaves, doctors) + formulas.lost_self_percent(leaves, doctors, selves);

-- Spells (metrics.md 4): whether an absence begins one, by the latest end of the person's absences before it and the working
-- days up to the day before the absence and up to that end; and whether a spell of so many calendar days is long-term.
create or replace macro formulas.begins_spell(from_date, latest_end, index_before, index_at_latest_end) as
    coalesce(from_date > latest_end and index_before > index_at_latest_end, latest_end is null);
create or replace macro formulas.is_long_term(spell_days, short_term_max_days) as
    spell_days > short_term_max_days;
-- The bands of a spell's whole length in calendar days, shortest first, and the band of a spell.
create or replace macro formulas.length_bands() as
    ['1–3', '4–16', '17–56', '57+'];
create or replace macro formulas.length_band(spell_days) as
    case
        when spell_days <= 3 then '1–3'
        when spell_days <= 16 then '4–16'
        when spell_days <= 56 then '17–56'
        else '57+'
    end;

-- Persons and positions on a date (metrics.md 5 and 7): a person by the sum of their position percents.
create or replace macro formulas.is_full_leave(leaves) as
    leaves >= 100;
create or replace macro formulas.is_part_time(person_percent) as
    person_percent < 100;
create or replace macro formulas.is_at_threshold(person_percent, full_time_threshold) as
    person_percent >= full_time_threshold;
create or replace macro formulas.band(person_percent) as
    case
        when person_percent < 20 then 'persons_0_20'
        when person_percent < 50 then 'persons_20_50'
        when person_percent < 80 then 'persons_50_80'
        when formulas.is_part_time(person_percent) then 'persons_80_100'
        else 'persons_100'
    end;
create or replace macro formulas.is_involuntary_part_time(person_percent, wants_larger) as
    formulas.is_part_time(person_percent) and wants_larger;
create or replace macro formulas.has_answered_part_time(person_percent, has_answered) as
    formulas.is_part_time(person_percent) and has_answered;
{% endmacro %}

{# Årsverk and means, which the models alone compute (metrics.md 4 to 7). What they take are exact sums; they divide once. #}

{# Årsverk of a sum of position or person percents. #}
{% macro fte_of_percent(total) -%}
    cast({{ total }} as double) / 100
{%- endmacro %}

{# Average årsverk of possible time, a sum of percent × percent × working days, over so many working days. #}
{% macro fte_of_possible(possible, working_days) -%}
    cast({{ possible }} as double) / 10000 / {{ working_days }}
{%- endmacro %}

{# Årsverk of the hours of a month, by hours of a full position a week: 52 weeks of 37.5 are 1950 a year. #}
{% macro fte_of_hours(hours, weekly_hours) -%}
    cast({{ hours }} as double) / (52 * cast({{ weekly_hours }} as double) / 12)
{%- endmacro %}

{# Average position percent of so many persons. #}
{% macro average_percent(total, persons) -%}
    cast({{ total }} as double) / cast({{ persons }} as double)
{%- endmacro %}
