"""What a person sees who opens the farm's address in a browser: what this farm is and how it fares, and its API."""

from __future__ import annotations

from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, make_response, render_template, request

import app as product
from app.api.context import current_farm
from app.api.health import checks_of, outcome
from app.api.reference import reference_of

pages = APIBlueprint("pages", __name__, enable_openapi=False)

HEADERS = {
    # No script runs on these pages, and nothing is loaded from elsewhere.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@pages.get("/")
def home() -> Response:
    """A browser is shown how the farm fares; a program is told where things are."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json") == "text/html":
        checks = {name: outcome(name, check) for name, check in checks_of(current_farm()).items()}
        response = page("home.html", version=product.__version__, checks=checks)
        # How the farm fares is true only now.
        response.headers["Cache-Control"] = "no-store"
    else:
        addresses = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health/readyz"}
        response = jsonify({"name": "Sceneworks", **addresses})
    response.vary.add("Accept")
    return response


@pages.get("/docs")
def docs() -> Response:
    """The first steps, and the OpenAPI document as a page."""
    document = cast(dict[str, Any], cast(APIFlask, current_app)._get_spec("json"))
    return page("docs.html", reference=reference_of(document))


def page(template: str, **values: Any) -> Response:
    response = make_response(render_template(template, farm=request.host_url.rstrip("/"), **values))
    response.headers.update(HEADERS)
    return response
