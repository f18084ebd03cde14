"""When things run and in which order: Dagster definitions and the `arsverk` command.
Not here: any rule, formula or file format.
"""

from warehouse.paths import keep_files_private

# CHANGELOG.md says what a version changes in what is kept on disk.
__version__ = "0.2.0"

# Every process of the house comes by here: commands, Dagster's daemon, webserver and code location, and their workers.
keep_files_private()
