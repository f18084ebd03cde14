"""When things run and in which order: Dagster definitions and the `arsverk` command.
Not here: any rule, formula or file format.
"""

from warehouse.paths import keep_files_private

# Every process of the house comes by here: commands, Dagster's daemon, webserver and code location, and their workers.
keep_files_private()
