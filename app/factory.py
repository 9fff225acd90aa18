"""Wires extensions, features, errors and commands: the only room that knows all rooms."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import config
from app.db.sqlite_rights import ApplicationConnection
from app.extensions import babel, csrf, db, htmx
from app.registry import FEATURES, find_room, import_models
from app.web.templating import Templates

MAX_REQUEST_BYTES = 100 * 1024 * 1024  # a clip and several photos of one finding; each has its own limit


def build(settings: config.Settings | None = None) -> Flask:
    """Build the application from settings, by default those of the environment."""
    settings = settings or config.load()
    settings.instance.mkdir(parents=True, exist_ok=True)
    app = Flask(
        "app",
        root_path=str(config.ROOT),
        template_folder="templates",
        static_folder="static",
        instance_path=str(settings.instance),
    )
    app.jinja_environment = Templates
    app.config.update(
        DUBAN=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        SESSION_COOKIE_NAME="duban",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # our own check of Origin and Sec-Fetch-Site covers it
        BABEL_DEFAULT_LOCALE="zh_Hans",
        BABEL_TRANSLATION_DIRECTORIES="translations",
    )
    if settings.env == "production":  # behind one proxy, as the README says
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    db.init_app(app)
    csrf.init_app(app)
    htmx.init_app(app)
    from app.web import access, addresses, errors, frame, language, page, security

    app.url_map.converters["int"] = addresses.RowId
    babel.init_app(app, locale_selector=language.choose)
    language.init_app(app)
    access.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    page.init_app(app)
    frame.init_app(app)
    for feature in FEATURES:
        routes, cli = find_room(feature.name, "routes"), find_room(feature.name, "cli")
        if routes:
            app.register_blueprint(routes.bp)
        for command in cli.COMMANDS if cli else ():
            app.cli.add_command(command)
    import_models()
    from app import commands
    from app.web import assets

    app.register_blueprint(assets.bp)
    for command in commands.COMMANDS:
        app.cli.add_command(command)
    return app


def _engine_options(settings: config.Settings) -> dict[str, object]:
    if settings.sqlite:
        return {"connect_args": {"factory": ApplicationConnection}}
    return {
        "pool_size": 4,
        "max_overflow": 4,
        "pool_pre_ping": True,
        "connect_args": {
            "options": "-c lock_timeout=8000 -c timezone=UTC",
            "application_name": "duban",
            "connect_timeout": 5,
        },
    }
