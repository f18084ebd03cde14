"""The ways the house says no. Not here: what to do about them, which each message says itself."""


class Refused(Exception):
    """The night is refused and nothing is published. The message is for the payroll office and the data team."""


class Damaged(Refused):
    """What the house has kept is damaged: the data team's matter, whatever stage comes upon it."""


class UsageError(Exception):
    """The command, its options or the settings file are wrong."""


class ProgramFault(Exception):
    """The program has contradicted itself: no delivery and no setting can be the cause. Nothing is published.

    The message says what was found; `as_text` also says what to do.
    """

    def as_text(self) -> str:
        """The message for people."""
        return f"{self}\n{WHAT_TO_DO}"


WHAT_TO_DO = (
    "this is a fault of the program, not of the delivery; nothing was published."
    " Please report it with this text and the run's log"
)
