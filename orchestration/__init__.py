"""When things run and in which order: Dagster definitions and the `arsverk` command.
Not here: any rule, formula or file format.
"""
