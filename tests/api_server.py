"""The real API on a real port, with a small real farm behind it, and a caller that speaks plain HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import urllib3
from flask import Flask
from sqlalchemy import select
from urllib3 import BaseHTTPResponse
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server

from app.api import create_app
from app.bootstrap import build_guard
from app.domain.access import ALL_SCOPES, Scope
from app.domain.plan import Follow, StepPlan
from app.domain.states import Pool
from app.models import ApiKey, Job, Step
from app.models.database import Database, database_now_s
from app.services.api_keys import add_key, key_id_of, make_key
from app.services.farm import Farm
from app.services.finish_step import Finished, finish_step
from config.settings import Settings, load_settings
from tests.farms import claim, make_farm, make_job, make_org

# Tests of something else post as fast as they can.
NO_RATES = {"RATE_LIMIT_USER": "off", "RATE_LIMIT_ORG": "off"}
ONE_STEP = StepPlan("assemble", "video.assemble", Pool.IO)


class QuietHandler(WSGIRequestHandler):
    """As gunicorn answers: connections that are kept, and streams in chunks."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        pass


@dataclass(frozen=True)
class Api:
    """A caller with a key. `key` None sends none."""

    url: str
    key: str | None
    farm: Farm
    settings: Settings
    flask: Flask

    def get(self, path: str, **headers: str) -> BaseHTTPResponse:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> BaseHTTPResponse:
        """`body` goes as JSON, unless it is bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, body=data, headers={"Content-Type": "application/json", **headers})

    def patch(self, path: str, body: Any, **headers: str) -> BaseHTTPResponse:
        sent = {"Content-Type": "application/json", **headers}
        return self.ask("PATCH", path, body=json.dumps(body).encode(), headers=sent)

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> BaseHTTPResponse:
        own = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        sent = {**own, **{name.replace("_", "-"): value for name, value in (headers or {}).items()}}
        return urllib3.request(method, self.url + path, headers=sent, retries=False, timeout=30.0, **more)

    def accept(self, **request: Any) -> dict[str, Any]:
        """A job that must be accepted."""
        answer = self.post("/api/videos", {"text": "A river runs to the sea.", **request})
        assert answer.status == 202, answer.data
        return data_of(answer)

    def stream(self, job_id: str, **headers: str) -> BaseHTTPResponse:
        path = f"/api/jobs/{job_id}/events"
        return self.ask("GET", path, headers=headers, preload_content=False)

    def stranger(self, org: str = "strangers", scopes: Collection[Scope] = ALL_SCOPES) -> Api:
        """A caller of another organisation."""
        return replace(self, key=new_key(self.farm.database, make_org(self.farm.database, org), scopes))

    def limited(self, *scopes: Scope) -> Api:
        """A caller of the same organisation who may do no more than this."""
        return replace(self, key=new_key(self.farm.database, local_org_id(self), scopes))


@contextmanager
def serve(database: Database, home: Path, environment: Mapping[str, str] | None = None) -> Iterator[Api]:
    """The API of a farm without workers, for as long as the block."""
    settings = load_settings({"SCENEWORKS_HOME": str(home), **NO_RATES, **(environment or {})})
    farm = replace(make_farm(database, home), quotas=settings.quotas, guard=build_guard(settings))
    flask = create_app(farm, settings)
    server = make_server("127.0.0.1", 0, flask, threaded=True, request_handler=QuietHandler)
    assert isinstance(server, ThreadedWSGIServer)
    # A stream that a test has left open must not hold up its end.
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        key = settings.local_key_file.read_text().strip()
        yield Api(f"http://127.0.0.1:{server.server_port}", key, farm, settings, flask)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def data_of(answer: BaseHTTPResponse) -> dict[str, Any]:
    body = answer.json()
    assert body["ok"] is True and body["correlation_id"] == answer.headers["x-correlation-id"]
    data: dict[str, Any] = body["data"]
    return data


def error_of(answer: BaseHTTPResponse) -> dict[str, Any]:
    """The error envelope, checked to be whole."""
    body: dict[str, Any] = answer.json()
    assert set(body) == {"ok", "error_code", "message", "correlation_id", "details"} and body["ok"] is False
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    return body


def new_key(database: Database, org_id: int, scopes: Collection[Scope] = ALL_SCOPES) -> str:
    key = make_key()
    with database.begin() as session:
        add_key(session, org_id, key, "test", database_now_s(session), scopes)
    return key


def local_org_id(api: Api) -> int:
    assert api.key is not None
    with api.farm.database.read() as session:
        return session.execute(select(ApiKey.org_id).where(ApiKey.id == key_id_of(api.key))).scalar_one()


def finished_job(api: Api, name: str, content: bytes, media_type: str, title: str | None = None) -> str:
    """A job that has succeeded with one output; its public id."""
    database, source = api.farm.database, api.settings.home / "output"
    source.write_bytes(content)
    blob = api.farm.storage.put(source, media_type)
    job_id = make_job(database, local_org_id(api), [ONE_STEP])
    with database.read() as session:
        step_id = session.execute(select(Step.id).where(Step.job_id == job_id)).scalar_one()
    result = Finished(f"hash-{job_id}", {name: blob}, follow=Follow(title=title), publishes=(name,))
    finish_step(database, claim(database, step_id), result)
    with database.read() as session:
        return session.execute(select(Job.public_id).where(Job.id == job_id)).scalar_one()
