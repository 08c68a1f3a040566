"""One webhook over the wire, to receivers that behave and receivers that do not."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.domain.webhook_signature import new_secret, sign
from app.domain.webhook_states import AttemptError
from app.webhooks.addresses import Address
from app.webhooks.exchange import MOST_RESPONSE_BYTES, Exchange, Outcome
from app.webhooks.target import Guard
from tests.waiting import wait_for
from workers.webhook_receiver import VERIFIED, Behaviour, Receiver

LOOPBACK = ip_network("127.0.0.0/8")
SHORT_S = 0.6
BODY = '{"type":"video.succeeded","data":{"title":"Füße"}}'.encode()


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with exchanging() as opened:
        yield opened


@contextmanager
def exchanging(
    deadline_s: float = 10.0, guard: Guard | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Exchange]:
    opened = Exchange(guard or Guard([LOOPBACK]), deadline_s, tls)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that talks to each connection in its own thread; what goes wrong there is the caller's."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=_quietly, args=(talk, connection), daemon=True).start()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _quietly(talk: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            talk(connection)
        except OSError:
            pass


def post_to(exchange: Exchange, port: int, path: str = "/") -> Outcome:
    return exchange.post(f"http://127.0.0.1:{port}{path}", {}, BODY)


def replying(answer: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return talk


def read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    return received


def dripping(first: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """Never silent for as long as any timeout of one read, and never done."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            threading.Event().wait(0.05)

    return talk


def test_a_receiver_gets_the_bytes_and_verifies_them(exchange: Exchange) -> None:
    secret = new_secret()
    with Receiver(secret) as receiver:
        now_s = int(datetime.now(UTC).timestamp())
        signature = sign([secret], "msg_a", now_s, BODY)
        headers = {"webhook-id": "msg_a", "webhook-timestamp": str(now_s), "webhook-signature": signature}
        outcome = exchange.post(receiver.url + "hooks?x=1", {"Content-Type": "application/json", **headers}, BODY)
        assert (outcome.status_code, outcome.error, outcome.response) == (200, None, "thank you\n")
        (received,) = receiver.received
        assert (received.body, received.path, received.verdict) == (BODY, "/hooks?x=1", VERIFIED)
        assert received.headers["host"] == receiver.url.removeprefix("http://").rstrip("/")
        assert received.headers["user-agent"].startswith("Sceneworks/")
        assert received.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "error"),
    [(200, None), (201, None), (299, None), (400, "status"), (410, "status"), (429, "status"), (500, "status")],
)
def test_a_2xx_alone_is_a_success(exchange: Exchange, answer: int, error: str | None) -> None:
    with Receiver(behaviour=Behaviour(answer=answer)) as receiver:
        outcome = exchange.post(receiver.url, {}, BODY)
    assert (outcome.status_code, outcome.error, outcome.is_success) == (answer, error, error is None)


def test_a_redirect_is_not_followed(exchange: Exchange) -> None:
    with Receiver() as inside, Receiver(behaviour=Behaviour(redirect=inside.url)) as receiver:
        outcome = exchange.post(receiver.url, {}, BODY)
        assert (outcome.status_code, outcome.error) == (302, AttemptError.REDIRECT)
        assert inside.requests == 0


def test_no_proxy_is_asked(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert exchange.post(receiver.url, {}, BODY).is_success
        assert (proxy.requests, receiver.requests) == (0, 1)


def test_the_address_that_was_checked_is_connected_to() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        # From the second look on the name stands for another host.
        return [ip_address("127.0.0.1" if len(asked) == 1 else "127.0.0.9")]

    with Receiver() as receiver, exchanging(guard=Guard([ip_network("127.0.0.1/32")], resolve)) as exchange:
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        assert exchange.post(url, {}, BODY).is_success
        assert receiver.received[-1].headers["host"].startswith("hooks.example:")
        assert exchange.post(url, {}, BODY).error is AttemptError.REFUSED
        assert (asked, receiver.requests) == (["hooks.example"] * 2, 1)


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address("127.0.0.2"), ip_address("127.0.0.1")]

    with Receiver() as receiver, exchanging(guard=Guard([LOOPBACK], resolve)) as exchange:
        assert exchange.post(receiver.url.replace("127.0.0.1", "hooks.example"), {}, BODY).is_success


def test_hosts_inside_are_refused_at_each_attempt() -> None:
    with Receiver() as receiver, exchanging(guard=Guard()) as exchange:
        outcome = exchange.post(receiver.url, {}, BODY)
        assert (outcome.status_code, outcome.error, receiver.requests) == (None, AttemptError.REFUSED, 0)


def test_nobody_listens(exchange: Exchange) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert post_to(exchange, port).error is AttemptError.CONNECTION


@pytest.mark.parametrize(
    ("talk", "status_code"),
    [
        (lambda connection: threading.Event().wait(30), None),
        (dripping(b"", b"H"), None),
        (dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), 200),
        (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"."), 200),
        (dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n.\r\n"), 200),
    ],
    ids=["silent", "status line", "headers", "body", "chunks"],
)
def test_a_receiver_that_drips_is_cut_off(talk: Callable[[socket.socket], None], status_code: int | None) -> None:
    with speaking(talk) as port, exchanging(SHORT_S) as exchange:
        outcome = post_to(exchange, port)
    # http.client gives up after a hundred headers by itself, at this pace well behind the deadline.
    assert outcome.error is AttemptError.TIMEOUT
    assert outcome.duration_ms >= SHORT_S * 1000
    assert outcome.status_code == status_code


def test_a_handshake_that_drips_is_cut_off() -> None:
    # The header of a TLS record of 16 kB, whose bytes then come one by one.
    with speaking(dripping(b"\x16\x03\x03\x40\x00", b"\x02")) as port, exchanging(SHORT_S) as exchange:
        outcome = exchange.post(f"https://127.0.0.1:{port}/", {}, BODY)
    assert outcome.error is AttemptError.TIMEOUT


def test_a_deadline_of_one_exchange_ends_no_other() -> None:
    with (
        exchanging(SHORT_S) as exchange,
        Receiver() as receiver,
        speaking(dripping(b"", b"H")) as slow,
        ThreadPoolExecutor(8) as pool,
    ):
        hanging = [pool.submit(post_to, exchange, slow) for _ in range(4)]
        while not all(done.done() for done in hanging):
            assert exchange.post(receiver.url, {}, BODY).is_success
        assert {done.result().error for done in hanging} == {AttemptError.TIMEOUT}
        assert exchange.post(receiver.url, {}, BODY).is_success


def test_of_a_long_answer_the_first_20_kb_are_read(exchange: Exchange) -> None:
    sent = 0

    def talk(connection: socket.socket) -> None:
        nonlocal sent
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            sent += connection.send(b"x" * 65536)

    with speaking(talk) as port:
        outcome = post_to(exchange, port)
        assert outcome.is_success
        assert outcome.response == "x" * MOST_RESPONSE_BYTES
        wait_for(lambda: sent > 0)
        assert sent < 100_000_000


def test_nothing_is_decompressed(exchange: Exchange) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with speaking(replying(head + bomb)) as port:
        outcome = post_to(exchange, port)
    assert outcome.is_success
    # The first bytes of gzip, those that are no text replaced; and no more to keep than was read.
    assert outcome.response.startswith("\ufffd\ufffd")
    assert len(outcome.response.encode()) <= MOST_RESPONSE_BYTES


def test_what_no_database_takes_is_not_in_the_answer(exchange: Exchange) -> None:
    text = b"a\x00b\x1b[31m\xff\r\n\tc"
    head = f"HTTP/1.1 500 No\r\nContent-Length: {len(text)}\r\n\r\n".encode()
    with speaking(replying(head + text)) as port:
        assert post_to(exchange, port).response == "a\ufffdb\ufffd[31m\ufffd\r\n\tc"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"not http at all\r\n\r\n", AttemptError.PROTOCOL),
        (b"HTTP/1.1 two hundred\r\n\r\n", AttemptError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", AttemptError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", AttemptError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", AttemptError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"HTTP/1.0 200 OK\r\n\r\nbye", None),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
        (b"", AttemptError.CONNECTION),
    ],
)
def test_odd_answers(exchange: Exchange, answer: bytes, error: AttemptError | None) -> None:
    with speaking(replying(answer)) as port:
        assert post_to(exchange, port).error is error


def test_a_connection_that_breaks_is_told(exchange: Exchange) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        # A reset in place of an end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with speaking(talk) as port:
        assert post_to(exchange, port).error is AttemptError.CONNECTION


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90.0), ("0", 0.0), ("-1", None), ("soon", None), ("1" * 40, None), ("", None)]
)
def test_retry_after_in_seconds(exchange: Exchange, given: str, seconds: float | None) -> None:
    with Receiver(behaviour=Behaviour(answer=429, retry_after=given)) as receiver:
        assert exchange.post(receiver.url, {}, BODY).retry_after_s == seconds


@pytest.mark.parametrize(
    "given",
    [
        "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
        "Mon, 01 Jan 99999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 99999999999999999999:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
    ],
)
def test_a_date_beyond_all_calendars_is_none(exchange: Exchange, given: str) -> None:
    with Receiver(behaviour=Behaviour(retry_after=given)) as receiver:
        outcome = exchange.post(receiver.url, {}, BODY)
    assert (outcome.status_code, outcome.error, outcome.retry_after_s) == (200, None, None)


def test_retry_after_as_a_date(exchange: Exchange) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    with Receiver(behaviour=Behaviour(answer=503, retry_after=date)) as receiver:
        waits_s = exchange.post(receiver.url, {}, BODY).retry_after_s
    assert waits_s is not None
    assert 60 < waits_s <= 120


def test_a_header_of_two_lines_is_not_sent(exchange: Exchange) -> None:
    with Receiver() as receiver:
        outcome = exchange.post(receiver.url, {"webhook-id": "a\r\nX-Injected: 1"}, BODY)
        assert (outcome.error, receiver.requests) == (AttemptError.PROTOCOL, 0)


@contextmanager
def secure_server(folder: Path, name: str) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The port of a TLS server whose certificate is for `name`, and a context of clients that trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(pem, key_pem)
    trusting = ssl.create_default_context(cafile=str(pem))

    def talk(connection: socket.socket) -> None:
        with of_server.wrap_socket(connection, server_side=True) as secured:
            read_request(secured)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with speaking(talk) as port:
        yield port, trusting


def test_the_certificate_is_held_against_the_host_of_the_address(tmp_path: Path) -> None:
    def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address("127.0.0.1")]

    guard = Guard([LOOPBACK], resolve)
    with secure_server(tmp_path, "hooks.example") as (port, trusting):
        with exchanging(guard=guard, tls=trusting) as exchange:
            assert exchange.post(f"https://hooks.example:{port}/", {}, BODY).response == "ok"
            assert exchange.post(f"https://other.example:{port}/", {}, BODY).error is AttemptError.TLS
        with exchanging(guard=guard) as exchange:
            assert exchange.post(f"https://hooks.example:{port}/", {}, BODY).error is AttemptError.TLS


def test_many_at_once(exchange: Exchange) -> None:
    with Receiver() as receiver, ThreadPoolExecutor(16) as pool:
        outcomes = list(
            pool.map(lambda number: exchange.post(receiver.url, {"webhook-id": f"msg_{number}"}, BODY), range(400))
        )
        assert all(outcome.is_success for outcome in outcomes)
        assert {received.id for received in receiver.received} == {f"msg_{number}" for number in range(400)}
