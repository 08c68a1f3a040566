"""The one place that chooses adapters from the settings."""

from __future__ import annotations

from pathlib import Path

from app.domain.encoders import X264_UNTRIED, EncoderChoice
from app.media.effects import EffectCatalogue
from app.models.database import Database
from app.providers.drawn.painter import DrawnPainter
from app.providers.espeak import EspeakVoice
from app.providers.protocols import Writer
from app.services.farm import Bell, Farm
from app.services.farm_secret import farm_secret
from app.services.rate_counter import RateCounter
from app.services.rate_limits import RateLimits
from app.services.room import Room
from app.services.sealing import Sealer
from app.storage.local import LocalStorage
from app.storage.protocol import Storage
from app.webhooks.target import Guard
from config.settings import Settings


def build_farm(settings: Settings, bell: Bell, encoder: EncoderChoice = X264_UNTRIED) -> Farm:
    """The farm of this process. Call it after the fork: it opens a connection pool."""
    return Farm(
        database=Database(settings.database_url),
        storage=build_storage(settings),
        bell=bell,
        voice=EspeakVoice(),
        painter=DrawnPainter(),
        writer=choose_writer(settings),
        work_dir=settings.work_dir,
        lease_ttl_s=settings.lease_ttl_s,
        sealer=Sealer(farm_secret(settings.secret, settings.secret_file)),
        limits=settings.limits,
        quotas=settings.quotas,
        guard=build_guard(settings),
        canary_every_s=settings.canary_every_s,
        room=room_of(settings),
        encoder=encoder,
        effects=EffectCatalogue(settings.effects_dir),
    )


def build_guard(settings: Settings) -> Guard:
    """Where webhooks may go."""
    return Guard(settings.webhook_allow_networks)


def room_of(settings: Settings) -> Room:
    """The disks that this host writes to."""
    folders = {"the storage": settings.storage_dir, "the work folder": settings.work_dir}
    if settings.database_url.startswith("sqlite:///"):
        folders["the database"] = Path(settings.database_url.removeprefix("sqlite:///")).parent
    return Room(folders, settings.min_free_bytes)


def build_storage(settings: Settings) -> Storage:
    return LocalStorage(settings.storage_dir)


def build_rates(settings: Settings, database: Database) -> RateLimits:
    """The rates of callers, counted where the doorbells go."""
    return RateLimits(database, RateCounter(settings.broker_url), settings.rate_user, settings.rate_org)


def choose_writer(settings: Settings) -> Writer | None:
    """OpenAI, or a server that speaks its protocol, when there is a key for it."""
    if settings.openai_api_key is None:
        return None
    # The SDK takes half a second to import, which a farm without a key need not spend in each of its processes.
    from app.providers.openai_writer import OpenAIWriter

    return OpenAIWriter(api_key=settings.openai_api_key, model=settings.openai_model, base_url=settings.openai_base_url)
