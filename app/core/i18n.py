"""Marks that put a string into the translation catalogue without translating it here."""


def N_(message: str) -> str:
    """Return the message; the catalogue extractor collects it, a template filter translates it."""
    return message


def NN_(message: str) -> str:
    """Return the message; the catalogue holds it with a singular and a plural, `many` gives the latter."""
    return message
