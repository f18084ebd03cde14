with
{{ full_time_by(['sex']) }}
