"""A test client that carries a session of ours and the CSRF token of its forms."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from app import clock
from app.accounts import services as accounts
from app.permissions import Origin
from tests.cast import PASSWORD


class Client(FlaskClient):
    """Flask's client; `post` adds the token that a page's form would have carried."""

    def __init__(self, application: Flask, **options: Any) -> None:
        super().__init__(application, application.response_class, **options)
        self.environ_base["duban.client"] = self  # a page can be asked where it came from

    def token(self) -> str:
        """Return a CSRF token of this client's session."""
        with self.session_transaction() as session:
            kept = session.setdefault("csrf_token", secrets.token_hex(20))
        return str(URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token").dumps(kept))

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        """Answer with the whole response, so that no file stays open behind it."""
        return super().open(*args, buffered=buffered, **options)

    def post(self, *args: Any, csrf: bool = True, **options: Any) -> TestResponse:
        """Post a form; `csrf=False` leaves the token out."""
        if csrf and "json" not in options:
            data = dict(options.get("data") or (args[1] if len(args) > 1 else {}))
            args = args[:1]
            options["data"] = {"csrf_token": self.token(), **data}
        elif len(args) > 1:
            args, options["data"] = args[:1], args[1]
        return super().post(*args, **options)


def signed_in(app: Flask, username: str, password: str = PASSWORD) -> Client:
    """Return a client with a session opened through the services."""
    with app.app_context():
        token = accounts.sign_in(username, password, Origin(address="127.0.0.1"), "pytest", clock.now())
    client = Client(app)
    with client.session_transaction() as session:
        session["token"] = token
    return client
