with
{{ full_time_by(education=true) }}
