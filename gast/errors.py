"""Errors that a user can cause and fix."""


class InputError(ValueError):
    """Something given can't be used; one line says what was given and wanted, and what to do.

    Programs print it without a traceback and exit non-zero; every other exception is a defect.
    """
