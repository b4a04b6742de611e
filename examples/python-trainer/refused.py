"""The one error of these programs that is not a defect of theirs."""


class Refused(Exception):
    """What somebody gave is wrong; the message says what would be right."""
