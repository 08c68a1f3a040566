"""HTTP to one farm: the key, the envelope, and urllib3's exceptions turned into ours."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

import app
from app.client.errors import AnswerError, FarmUnreachable, NotAFarm, error_class
from app.client.patience import Patience

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
HEALTH_TIMEOUT_S = 10.0
# No answer of the farm but a file is longer; what is, is not the farm's.
MAX_ANSWER_BYTES = 32 * 1024 * 1024

Body = bytes | Callable[[], Iterator[bytes]]


def once() -> dict[str, str]:
    """The header with which the tries of one call are one request to the farm."""
    return {"Idempotency-Key": uuid.uuid4().hex}


class Transport:
    """Sends requests. Every one of them may be sent twice: the farm makes nothing of it twice."""

    def __init__(self, url: str, api_key: str | None, patience_s: float) -> None:
        self.url = url.rstrip("/")
        self._patience_s = patience_s
        self._headers = {"User-Agent": f"sceneworks/{app.__version__}", "Accept-Encoding": "identity"}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"
        # Neither retries nor redirects by urllib3: the one is patience's decision, the other would carry the key away.
        self._pool = urllib3.PoolManager(retries=False, maxsize=4)

    def close(self) -> None:
        self._pool.clear()

    def patience(self) -> Patience:
        return Patience(self._patience_s)

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def send_json(
        self, method: str, path: str, value: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Any:
        # Not escaped: a farm counts bytes, and an escape makes six of the two of a Cyrillic letter.
        body = json.dumps(value, ensure_ascii=False).encode()
        return self.call(method, path, body, {"Content-Type": "application/json", **(headers or {})})

    def call(self, method: str, path: str, body: Body | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer's `data`. Tries again while the farm is away for a moment; raises the ClientErrors."""
        patience = self.patience()
        while True:
            try:
                with self.open(method, path, body, headers) as response:
                    return self._data(response, self._read_all(response))
            except (FarmUnreachable, AnswerError) as error:
                patience.wait(error)

    def get_health(self, path: str) -> Any:
        """One try: an answer without the envelope around it, which says the same with 200 and with 503."""
        with self.open("GET", path, accepted=(503,), silence_s=HEALTH_TIMEOUT_S) as response:
            content = self._read_all(response)
        try:
            return json.loads(content)
        except ValueError:
            raise NotAFarm(f"{self.url} answers, but not as Sceneworks does (HTTP {response.status}).") from None

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        accepted: Collection[int] = (),
        silence_s: float = ANSWER_TIMEOUT_S,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One try: a successful answer, its body yet to be read with `read_some`. `silence_s` bounds each read.

        A status in `accepted` is no error either.
        """
        try:
            response = self._pool.request(
                method,
                self.url + path,
                body=body() if callable(body) else body,
                headers={**self._headers, **(headers or {})},
                preload_content=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=silence_s),
            )
        except HTTPError as error:
            raise FarmUnreachable(f"No farm answers at {self.url}: {_cause(error)}.") from error
        is_read = False
        try:
            if response.status not in accepted:
                self._raise_for_status(response)
            yield response
            is_read = True
        finally:
            # A connection whose answer was not read to its end cannot carry another.
            if is_read:
                response.release_conn()
            else:
                response.close()

    def read_some(self, response: urllib3.BaseHTTPResponse, amount_bytes: int) -> bytes:
        """What has arrived, at most `amount_bytes`; empty at the end. FarmUnreachable when the connection breaks."""
        try:
            return response.read1(amount_bytes)
        except (HTTPError, OSError) as error:
            raise FarmUnreachable(f"The connection to {self.url} broke: {_cause(error)}.") from error

    def _read_all(self, response: urllib3.BaseHTTPResponse) -> bytes:
        content = bytearray()
        while chunk := self.read_some(response, 1 << 16):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise NotAFarm(f"{self.url} answers, but not as Sceneworks does: its answer has no end.")
        return bytes(content)

    def _raise_for_status(self, response: urllib3.BaseHTTPResponse) -> None:
        if 200 <= response.status < 300:
            return
        if response.status < 400:
            where = response.headers.get("Location", "another address")
            raise NotAFarm(f"{self.url} sends its callers on to {where}: give that address instead.")
        raise self._error(response.status, response.headers.get("Retry-After"), self._read_all(response))

    def _data(self, response: urllib3.BaseHTTPResponse, content: bytes) -> Any:
        envelope = _envelope(content)
        if envelope is None or envelope.get("ok") is not True:
            raise NotAFarm(f"{self.url} answers, but not as Sceneworks does (HTTP {response.status}).")
        return envelope.get("data")

    def _error(self, status: int, retry_after: str | None, content: bytes) -> Exception:
        envelope = _envelope(content)
        retry_after_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
        if envelope is None or not isinstance(envelope.get("message"), str):
            # A proxy before a farm that is away speaks for it in its own words; anyone else is a stranger.
            if status < 500:
                return NotAFarm(f"{self.url} answers, but not as Sceneworks does (HTTP {status}).")
            message = f"{self.url} answers with HTTP {status}."
            return error_class(status)(message, status=status, code="UNKNOWN", retry_after_s=retry_after_s)
        return error_class(status)(
            envelope["message"],
            status=status,
            code=str(envelope.get("error_code", "UNKNOWN")),
            correlation_id=envelope.get("correlation_id"),
            details=envelope.get("details"),
            retry_after_s=retry_after_s,
        )


def _envelope(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "ok" in value else None


def _cause(error: BaseException) -> str:
    """The innermost reason in a few words: urllib3 wraps the system's error in layers of its own."""
    inner = error
    while (next_ := inner.__cause__ or inner.__context__) is not None:
        inner = next_
    if isinstance(inner, TimeoutError):
        return "it took too long"
    text = (inner.strerror if isinstance(inner, OSError) else None) or str(inner) or type(inner).__name__
    return text[:1].lower() + text[1:]
