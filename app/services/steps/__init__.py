"""The steps of a video, one kind a file: what each depends on and how it is made. They read their job, no more."""

from app.domain.plan import StepKind
from app.services.steps.assemble import AssembleStep
from app.services.steps.audio import AudioStep
from app.services.steps.card import CardStep
from app.services.steps.check import CheckStep
from app.services.steps.clip import ClipStep
from app.services.steps.gate import GateStep
from app.services.steps.handler import StepHandler
from app.services.steps.image import ImageStep
from app.services.steps.narration import NarrationStep
from app.services.steps.script import ScriptStep
from app.services.steps.soundtrack import SoundtrackStep
from app.services.steps.teaser import TeaserStep

HANDLERS: dict[str, StepHandler] = {
    StepKind.SCRIPT: ScriptStep(),
    StepKind.NARRATION: NarrationStep(),
    StepKind.IMAGE: ImageStep(),
    StepKind.CLIP: ClipStep(),
    StepKind.CARD: CardStep(),
    StepKind.SOUNDTRACK: SoundtrackStep(),
    StepKind.ASSEMBLE: AssembleStep(),
    StepKind.TEASER: TeaserStep(),
    StepKind.AUDIO: AudioStep(),
    StepKind.CHECK: CheckStep(),
    StepKind.GATE: GateStep(),
}
