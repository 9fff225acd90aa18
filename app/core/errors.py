"""What a rule may refuse, said in words for the person at the screen."""


class DomainError(Exception):
    """Refuse something with a reason the user can read.

    `message` is a Chinese source string with %(name)s placeholders, so that the web can translate it
    and fill in `params`; `field` names the form field it belongs to.
    """

    def __init__(self, message: str, /, field: str | None = None, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Invalid(DomainError):
    """The input is wrong (422)."""


class NotAllowed(DomainError):
    """The action is not possible in this state or for this person (409)."""


class Stale(DomainError):
    """The form is older than the row (409)."""


class NotFound(DomainError):
    """There is no such row in sight (404)."""
