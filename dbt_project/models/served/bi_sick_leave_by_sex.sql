with
{{ bi_sick_leave_by('sick_leave_by_sex', 'sex') }}
