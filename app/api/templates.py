"""`GET /api/templates`: the looks that a video may be asked for in."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from app.api.answers import success
from app.api.facts import Facts
from app.api.schemas import TemplateAnswer, TemplateList, TemplateListAnswer, TemplateSummary
from app.api.template_schema import TemplateObject
from app.domain.errors import NotFound
from app.templates import load_template, template_names

templates = APIBlueprint("templates", __name__, tag="Templates")


@templates.get("/api/templates")
@templates.output(TemplateListAnswer)
@templates.doc(operation_id="listTemplates")
@Facts(leads_to={"getTemplate": {"template": "items/0/name"}})
def index() -> Response:
    """List templates"""
    found = [load_template(name) for name in template_names()]
    items = [TemplateSummary(name=it["name"], version=it["version"], description=it["description"]) for it in found]
    return success(TemplateList(items=items))


@templates.get("/api/templates/<template>")
@templates.output(TemplateAnswer)
@templates.doc(operation_id="getTemplate", responses={404: "There is no such template"})
def show(template: str) -> Response:
    """Get a template

    The whole of it, every default filled in. Change what you like, give it a name of your own, and send it as the
    `template` of a video.
    """
    try:
        return success(TemplateObject.model_validate(load_template(template)))
    except KeyError:
        raise NotFound(f"There is no such template. There are {', '.join(template_names())}.") from None
