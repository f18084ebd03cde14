"""The one error of the file readers.
Not here: rows that break a rule (validate.py), or what a night makes of a rejected file.
"""


class FileRejected(Exception):
    """A whole file cannot be used. The message says what is wrong and what to do, without the file's name."""
