from app.core.actions import Action

CALENDAR_PUBLISHED = Action("calendar_year.published", frozenset({"days"}))
