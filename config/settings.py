"""The settings: read from the environment once, checked as a whole, frozen.

Every fault is named in one error, so that a person mends them in one go.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TypeVar

from app.domain.business_hours import EVERY_KIND, parse_business_hours
from app.domain.encoders import AUTO, WANTED
from app.domain.flow_limits import PROVIDERS, FlowLimits, parse_concurrency
from app.domain.origins import parse_origins
from app.domain.plan import StepKind
from app.domain.quotas import Quotas
from app.domain.rates import Rate, parse_rate
from app.domain.stuck import BEATS_PER_LEASE
from app.domain.windows import parse_windows
from config.parsers import (
    by_name,
    networks,
    one_of,
    or_off,
    parse_database_url,
    parse_emails,
    parse_folder,
    parse_http_url,
    parse_redis_url,
    parse_secret,
    parse_storage_url,
    seconds,
    whole_number,
)

T = TypeVar("T")

# Opening hours may be those of one kind of step, or of all the steps of a kind of job.
KINDS = tuple(dict.fromkeys([*(kind.partition(".")[0] for kind in StepKind.ALL), *StepKind.ALL]))

# Below this a farm neither starts nor takes on more work.
MIN_FREE_MIB = 256

# Requests that make jobs; None is no limit.
USER_RATE: Rate | None = Rate(10, 60)
ORG_RATE: Rate | None = Rate(50, 60)
QUOTAS = Quotas(jobs_at_once=1000, minutes_a_day=24 * 60.0, storage_bytes=2**40, webhook_endpoints=20)

# From the beat that says that a step is canceled to the end of the call that its worker has open.
LET_GO_WITHIN_S = 1.0

# A unix socket's path must fit in sockaddr_un: 108 bytes on Linux, 104 on macOS.
MAX_SOCKET_PATH_BYTES = 100


class SettingsError(Exception):
    """One or more environment variables are missing or malformed; `problems` says which and why."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The settings are not right:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """What the farm was told. Times in seconds, sizes in bytes, paths absolute."""

    home: Path
    host: str
    port: int
    flower_port: int
    public_url: str | None
    api_key: str | None = field(repr=False)
    admin_users: frozenset[str]
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    storage_dir: Path
    min_free_bytes: int
    lease_ttl_s: float
    cpu_slots: int
    io_slots: int
    hooks_slots: int
    drain_grace_s: float
    limits: FlowLimits
    canary_every_s: float
    web_workers: int
    web_threads: int
    web_at_once: int
    max_upload_bytes: int
    body_stall_s: float
    secret: str | None = field(repr=False)
    download_ttl_s: int
    cors_origins: frozenset[str]
    trusted_proxies: int
    webhook_allow_networks: tuple[IPv4Network | IPv6Network, ...]
    rate_user: Rate | None
    rate_org: Rate | None
    quotas: Quotas
    video_encoder: str
    effects_dir: Path | None
    openai_api_key: str | None = field(repr=False)
    openai_base_url: str | None
    openai_model: str
    log_format: str
    log_level: str

    @property
    def uses_embedded_broker(self) -> bool:
        return self.redis_url is None

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's unix socket: inside the home, or in the temp folder when that path would not fit."""
        inside = self.home / "broker" / "broker.sock"
        if len(os.fsencode(inside)) <= MAX_SOCKET_PATH_BYTES and str(inside).isascii() and " " not in str(inside):
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"sceneworks-{os.getuid()}-{digest}" / "broker.sock"

    @property
    def broker_url(self) -> str:
        return self.redis_url or f"redis+socket://{self.broker_socket}"

    @property
    def local_key_file(self) -> Path:
        return self.home / "local.key"

    @property
    def secret_file(self) -> Path:
        return self.home / "secret.key"

    @property
    def farm_file(self) -> Path:
        """Where a running farm says its address: JSON with `url` and `pid`."""
        return self.home / "farm.json"

    @property
    def work_dir(self) -> Path:
        return self.home / "work"

    @property
    def base_url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (the process's own by default); raise SettingsError with all faults."""
    values = os.environ if environment is None else environment
    problems: list[str] = []

    def read(name: str, default: T, parse: Callable[[str], T]) -> T:
        raw = values.get(name, "").strip()
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return default

    home = Path(values.get("SCENEWORKS_HOME") or "var").expanduser().absolute()
    lease_ttl_s = read("LEASE_TTL_S", 10.0, seconds(1.0, 3600.0))
    settings = Settings(
        home=home,
        host=read("SCENEWORKS_HOST", "127.0.0.1", str),
        port=read("SCENEWORKS_PORT", 8000, whole_number(0, 65535)),
        flower_port=read("FLOWER_PORT", 5555, whole_number(0, 65535)),
        public_url=read("SCENEWORKS_URL", None, parse_http_url),
        api_key=read("SCENEWORKS_API_KEY", None, str),
        admin_users=read("ADMIN_USERS", frozenset(), parse_emails),
        database_url=read("DATABASE_URL", f"sqlite:///{home / 'sceneworks.db'}", parse_database_url),
        redis_url=read("REDIS_URL", None, parse_redis_url),
        storage_dir=read("STORAGE_URL", home / "storage", parse_storage_url),
        min_free_bytes=read("SCENEWORKS_MIN_FREE_MIB", MIN_FREE_MIB, whole_number(0, 2**30)) * 2**20,
        lease_ttl_s=lease_ttl_s,
        cpu_slots=read("SCENEWORKS_CPU_SLOTS", os.cpu_count() or 1, whole_number(1, 512)),
        io_slots=read("SCENEWORKS_IO_SLOTS", 8, whole_number(1, 512)),
        hooks_slots=read("SCENEWORKS_HOOKS_SLOTS", 64, whole_number(1, 1024)),
        drain_grace_s=read("DRAIN_GRACE_S", 15.0, seconds(0.0, 3600.0)),
        limits=FlowLimits(
            windows=read("PROVIDER_WINDOWS", {}, by_name(parse_windows, PROVIDERS)),
            concurrency=read("PROVIDER_CONCURRENCY", {}, by_name(parse_concurrency, PROVIDERS)),
            org_concurrency=read("ORG_CONCURRENCY", None, whole_number(1, 100_000)),
            hours=read("BUSINESS_HOURS", {}, by_name(parse_business_hours, (EVERY_KIND, *KINDS))),
            let_go_s=lease_ttl_s / BEATS_PER_LEASE + LET_GO_WITHIN_S,
        ),
        canary_every_s=read("CANARY_EVERY_S", 0.0, seconds(0.0, 7 * 86400.0)),
        web_workers=read("WEB_WORKERS", 1, whole_number(1, 64)),
        web_threads=read("WEB_THREADS", 32, whole_number(1, 1024)),
        web_at_once=read("WEB_AT_ONCE", 3, whole_number(1, 1024)),
        max_upload_bytes=read("SCENEWORKS_MAX_UPLOAD_BYTES", 64 * 1024 * 1024, whole_number(1024, 2**40)),
        body_stall_s=read("BODY_STALL_S", 20.0, seconds(1.0, 3600.0)),
        secret=read("SCENEWORKS_SECRET", None, parse_secret),
        download_ttl_s=read("DOWNLOAD_TTL_S", 3600, whole_number(60, 7 * 86400)),
        cors_origins=read("CORS_ORIGINS", frozenset(), parse_origins),
        trusted_proxies=read("TRUSTED_PROXIES", 0, whole_number(0, 10)),
        webhook_allow_networks=read("WEBHOOK_ALLOW_NETWORKS", (), networks),
        rate_user=read("RATE_LIMIT_USER", USER_RATE, parse_rate),
        rate_org=read("RATE_LIMIT_ORG", ORG_RATE, parse_rate),
        quotas=Quotas(
            jobs_at_once=read("QUOTA_JOBS_AT_ONCE", QUOTAS.jobs_at_once, or_off(whole_number(0, 10**9))),
            minutes_a_day=read("QUOTA_MINUTES_A_DAY", QUOTAS.minutes_a_day, or_off(whole_number(0, 10**9))),
            storage_bytes=read("QUOTA_STORAGE_BYTES", QUOTAS.storage_bytes, or_off(whole_number(0, 2**53 - 1))),
            webhook_endpoints=read("WEBHOOK_MAX_ENDPOINTS", QUOTAS.webhook_endpoints, or_off(whole_number(0, 10_000))),
        ),
        video_encoder=read("VIDEO_ENCODER", AUTO, one_of(*WANTED)),
        effects_dir=read("EFFECTS_DIR", None, parse_folder),
        openai_api_key=read("OPENAI_API_KEY", None, str),
        openai_base_url=read("OPENAI_BASE_URL", None, parse_http_url),
        openai_model=read("OPENAI_MODEL", "gpt-4o-mini", str),
        log_format=read("LOG_FORMAT", "human", one_of("human", "json")),
        log_level=read("LOG_LEVEL", "info", one_of("debug", "info", "warning", "error")),
    )
    if problems:
        raise SettingsError(problems)
    return settings
