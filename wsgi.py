"""The web application for a WSGI server: `gunicorn wsgi:app`."""

from app import config, create_app, wire

settings = config.from_env()
wire(settings)
app = create_app(settings)
