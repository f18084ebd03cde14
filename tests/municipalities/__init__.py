"""Municipalities that tests deliver: `files` writes rows as files, the other modules say which rows.
Not here: what should come of them (the tests), builds of them (tests/builds.py).
"""
