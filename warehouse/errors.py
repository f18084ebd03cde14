"""The ways the house says no. Not here: what to do about them, which each message says itself."""


class Refused(Exception):
    """The night is refused and nothing is published. The message is for the payroll office and the data team."""


class UsageError(Exception):
    """The command, its options or the settings file are wrong."""
