"""Where webhooks may go: the rows of the standard, with the system's own look-up and with names that lie."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from app.domain.webhook_states import AttemptError
from app.webhooks import target as targets
from app.webhooks.addresses import Address
from app.webhooks.target import GENERIC, Guard, TargetRefused, parse_target

PUBLIC, PRIVATE = ip_address("93.184.216.34"), ip_address("10.0.0.7")


def names(known: dict[str, Sequence[Address]]) -> Guard:
    def resolve(host: str, port: int) -> Sequence[Address]:
        if host not in known:
            raise OSError("no such name")
        return known[host]

    return Guard(resolve=resolve)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:8000/api",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://0/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::1]/",
        "http://[2002:7f00:1::]/",
        "http://[3fff::1]/",
        "http://[5f00::1]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[ff02::1]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://168.63.129.16/",
        "http://192.88.99.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://redis:6379/",
        "http://db/",
    ],
)
def test_hosts_inside_are_refused_in_the_same_words(url: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        Guard().check(url)
    assert refused.value.message == GENERIC


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "http:///path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http://evil.com\\@127.0.0.1/",
        "http://user:pw@example.com/",
        "http://user@example.com/",
        "http://@example.com/",
        "http://example.com/\r\nX-Injected: 1",
        "http://example.com/a b",
        "http://exa mple.com/",
        "http://example.com\x00.evil.com/",
        "http://example.com/\u202e",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://example.com/#part",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://example.com/" + "x" * 2048,
    ],
)
def test_what_is_no_plain_address_is_refused_unseen(url: str) -> None:
    with pytest.raises(TargetRefused):
        parse_target(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("HTTP://Example.COM:8080/a?b=c", "example.com", 8080, "/a?b=c", "example.com:8080"),
        ("https://example.com/ü?q=ä", "example.com", 443, "/%C3%BC?q=%C3%A4", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("http://[2606:4700::1111]:81/x", "2606:4700::1111", 81, "/x", "[2606:4700::1111]:81"),
    ],
)
def test_an_address_is_read_once(url: str, host: str, port: int, path: str, authority: str) -> None:
    target = parse_target(url)
    assert (target.host, target.port, target.path_and_query, target.authority) == (host, port, path, authority)


def test_a_public_name_with_a_private_record_is_refused() -> None:
    with pytest.raises(TargetRefused) as refused:
        names({"hooks.example": [PRIVATE]}).check("https://hooks.example/")
    assert refused.value.error is AttemptError.REFUSED


def test_one_forbidden_address_forbids_them_all() -> None:
    with pytest.raises(TargetRefused):
        names({"hooks.example": [PUBLIC, PRIVATE]}).check("https://hooks.example/")


def test_a_name_that_is_not_there_is_told_in_the_same_words() -> None:
    with pytest.raises(TargetRefused) as refused:
        names({}).check("https://hooks.example/")
    assert (refused.value.error, refused.value.message) == (AttemptError.NAME, GENERIC)
    with pytest.raises(TargetRefused):
        names({"hooks.example": []}).check("https://hooks.example/")


def test_a_public_address_may_be_sent_to() -> None:
    guard = names({"hooks.example": [PUBLIC]})
    assert guard.addresses(guard.check("https://hooks.example/")) == (PUBLIC,)


def test_networks_that_the_operator_allows() -> None:
    guard = Guard([ip_network("127.0.0.1/32"), ip_network("fd00::/8")])
    for url in ("http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://[fd00::1]/", "http://2130706433/"):
        guard.check(url)
    for url in ("http://127.0.0.2/", "http://10.0.0.1/", "http://[::1]/"):
        with pytest.raises(TargetRefused):
            guard.check(url)


def test_a_look_up_that_hangs_is_given_up() -> None:
    ended = threading.Event()

    def resolve(host: str, port: int) -> Sequence[Address]:
        ended.wait(30)
        return [PUBLIC]

    guard = Guard(resolve=resolve)
    try:
        with pytest.raises(TargetRefused) as refused:
            guard.addresses(parse_target("https://hooks.example/"), timeout_s=0.05)
        assert refused.value.error is AttemptError.NAME
    finally:
        ended.set()


def test_names_that_nobody_waits_for_any_more_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "LOOKING_AT_ONCE", 1)
    ended = threading.Event()
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        ended.wait(30)
        return [PUBLIC]

    guard = Guard(resolve=resolve)
    try:
        for name in ("hangs.example", "waits.example", "waits-too.example"):
            with pytest.raises(TargetRefused):
                guard.addresses(parse_target(f"https://{name}/"), timeout_s=0.05)
    finally:
        ended.set()
    assert guard.addresses(parse_target("https://comes-later.example/"), timeout_s=10.0) == (PUBLIC,)
    assert asked == ["hangs.example", "comes-later.example"]
