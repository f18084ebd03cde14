with
{{ bi_full_time_by(
    'full_time_by_sex',
    'sex',
    [
        'headcount',
        'persons_0_20',
        'persons_20_50',
        'persons_50_80',
        'persons_80_100',
        'persons_100',
        'part_time',
        'involuntary_part_time',
        'part_time_answered',
        'persons_at_threshold',
    ],
    {
        'average_position_percent': ['fte', 'headcount'],
        'full_time_100_percent': ['persons_100', 'headcount'],
        'full_time_80_percent': ['persons_at_threshold', 'headcount'],
        'involuntary_percent': ['involuntary_part_time', 'part_time_answered'],
    }
) }}
