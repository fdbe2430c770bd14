"""Readyshelf, put together: what every process needs (`wire`), and the web application (`create_app`).

Everything is imported when it is asked for: whoever wants `app.clock` shall not start Flask.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Settings


def wire(settings: "Settings") -> None:
    """The database bound, what follows from what installed, the log written as JSON."""
    from app import db, logs
    from app.events import log
    from app.oms import premises
    from app.people.premises import Stores
    from app.reactions import REACTIONS

    logs.write_as_json(settings.log_level)
    db.connect(settings.database_url)
    log.react_with(REACTIONS)
    premises.ask(Stores())


def create_app(settings: "Settings") -> "Flask":
    """The pages and the API; the process has been wired before."""
    from flask import Flask
    from htmx_flask import Htmx

    from app import drawing
    from app.web import errors, guards, operations, routes, viewer

    app = Flask(__name__, template_folder=str(drawing.TEMPLATES), static_folder=str(drawing.STATIC))
    app.config.from_mapping(_config(settings))
    drawing.install(app.jinja_env)
    Htmx(app)
    operations.measure(app)
    guards.install(app, settings)
    viewer.login_manager().init_app(app)
    app.before_request(guards.must_be_signed_in)
    routes.register(app, settings)
    errors.install(app)
    return app


def _config(settings: "Settings") -> dict[str, object]:
    from app.web.guards import LARGEST_BODY

    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "SESSION_COOKIE_HTTPONLY": True,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "IS_DEMO": settings.is_demo,
        "SETTINGS": settings,
    }
