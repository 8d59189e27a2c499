"""What a user can cause, and mend."""


class InputError(ValueError):
    """Something given can't be used.

    The message is one line that names what was given, what was wanted and what to do. Programs
    print it without a traceback and exit with a non-zero status; every other exception is a defect.
    """
