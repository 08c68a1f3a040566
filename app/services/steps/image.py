"""A scene's picture: the caller's own, made safe, or one that the painter makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.media.user_picture import import_picture
from app.providers.protocols import PictureRequest
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler
from app.typography.typefaces import found_fonts

OUTPUT = "picture.jpg"


class ImageStep(StepHandler):
    # An upload is kept at the size at which the frame shows it, light ink on a dark ground; one that is much larger is
    # decoded at half of its own.
    version = 4

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        if "asset" in claim.params:
            return claim.params
        work = {"provider": farm.painter.name, "provider_version": farm.painter.version, **claim.params}
        # Fonts that do not ship with us differ between machines, and so does the heading that they draw.
        title = None if claim.params.get("wordless") else claim.params["title"]
        fonts = found_fonts([title], claim.params.get("language", "")) if title else {}
        return {**work, "fonts": fonts} if fonts else work

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        path = bench.folder / OUTPUT
        if "asset" in claim.params:
            own = farm.storage.path(claim.params["asset"])
            frame = (claim.params["width_px"], claim.params["height_px"])
            import_picture(own, path, frame_px=frame, still_wanted=bench.still_wanted)
            facts = {"provider": "upload"}
        else:
            farm.painter.paint(PictureRequest.from_params(claim.params), path, bench.still_wanted)
            facts = {"provider": farm.painter.name, "provider_version": farm.painter.version}
        return Outcome({OUTPUT: OutputFile(path, "image/jpeg")}, facts)
