"""What a person sees who opens the farm's address in a browser: the API, described."""

from __future__ import annotations

from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.reference import reference_of

pages = APIBlueprint("pages", __name__, enable_openapi=False)

# No script runs on these pages, and nothing is loaded from elsewhere.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pages.get("/")
def home() -> AnyResponse:
    """A browser is shown the documentation; a program is told where things are."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json") == "text/html":
        return redirect(url_for("pages.docs"))
    addresses = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health/readyz"}
    return jsonify({"name": "Sceneworks", **addresses})


@pages.get("/docs")
def docs() -> Response:
    """The OpenAPI document as a page."""
    document = cast(dict[str, Any], cast(APIFlask, current_app)._get_spec("json"))
    response = make_response(render_template("docs.html", reference=reference_of(document)))
    response.headers["Content-Security-Policy"] = POLICY
    return response
