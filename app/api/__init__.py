"""The HTTP API: parse, call one service, present. No rule and no transaction lives here."""

from app.api.app import create_app

__all__ = ["create_app"]
