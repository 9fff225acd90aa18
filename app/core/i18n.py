"""The mark that puts a string into the translation catalogue without translating it here."""


def N_(message: str) -> str:
    """Return the message; the catalogue extractor collects it, a template filter translates it."""
    return message
