"""Log lines: one each, keys kept, secrets out."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from config.logging import configure_logging
from config.redaction import redact
from config.settings import load_settings


def lines_of(log_format: str) -> io.StringIO:
    lines = io.StringIO()
    configure_logging(load_settings({"LOG_FORMAT": log_format}), lines)
    return lines


@pytest.mark.parametrize("log_format", ["human", "json"])
def test_no_value_can_pass_for_a_line_of_its_own(log_format: str) -> None:
    lines = lines_of(log_format)
    forged = 'x\n{"event": "job_deleted"}\r\x1b[31m\u2028'
    structlog.get_logger().info("accepted", prompt=forged, deep={"a": [forged]})
    logging.getLogger("library").warning("said %s", forged)
    assert len(lines.getvalue().splitlines()) == 2
    assert "\x1b" not in lines.getvalue()


def test_json_lines_carry_event_level_time_and_what_is_bound() -> None:
    lines = lines_of("json")
    with structlog.contextvars.bound_contextvars(correlation_id="req_1"):
        structlog.get_logger().info("step_finished", elapsed_s=1.5)
        logging.getLogger("library").warning("hm")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["timestamp"].endswith("Z")
    assert (first["event"], first["level"], first["elapsed_s"]) == ("step_finished", "info", 1.5)
    assert first["correlation_id"] == second["correlation_id"] == "req_1"


def test_half_of_a_surrogate_pair_is_written_and_not_stumbled_over() -> None:
    lines = lines_of("human")
    structlog.get_logger().info("\ud800")
    lines.getvalue().encode()


@pytest.mark.parametrize(
    "secret",
    [
        "sw_live_0123456789ab_0123456789012345678901234567890123456789_01234567",
        "sk-proj-abcdefghijklmnopqrstuvwx",
        "sk-abcdefghijklmnopqrstuvwx",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Bearer abcdefghijklmnop.qrstuv",
        "postgresql://farm:hunter2@db/farm",
        "/api/jobs/vid_1/artifacts/video.mp4?expires=1770000000&signature=" + "0123456789abcdef" * 4,
        "sk_0123456789abcdef0123456789abcdef0123456789abcdef",
        "AIzaSyA-0123456789abcdefghijklmnopqrstuv",
    ],
)
def test_secrets_are_redacted_wherever_they_stand(secret: str) -> None:
    hidden = redact(f'The vendor said: "{secret}" is wrong.')
    assert secret not in hidden and "hunter2" not in hidden
    assert hidden.startswith('The vendor said: "') and hidden.endswith('" is wrong.')
    lines = lines_of("json")
    try:
        raise ValueError(secret)
    except ValueError:
        structlog.get_logger().exception("failed", deep=[{"key": secret}])
    assert secret not in lines.getvalue() and "hunter2" not in lines.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Set-Cookie: sceneworks_session=0123456789abcdefghij; HttpOnly",
        "GET /api/jobs/vid_1/artifacts/video.mp4?expires=1&signature=0123456789abcdefghij",
        "https://bucket.s3/x?X-Amz-Signature=0123456789abcdefghij&x=1",
        "?sig=0123456789abcdefghij",
        "csrf_token=0123456789abcdefghij",
    ],
)
def test_a_cookie_and_a_signature_are_known_by_their_name(text: str) -> None:
    assert redact(text) == text.replace("0123456789abcdefghij", "[redacted]")


def test_the_keys_of_this_process_are_hidden_whatever_their_form() -> None:
    configure_logging(load_settings({"OPENAI_API_KEY": "correct horse battery", "SCENEWORKS_API_KEY": "short"}))
    try:
        assert redact("The server knows no 'correct horse battery'.") == "The server knows no '[redacted]'."
        assert redact("A short word.") == "A short word."
    finally:
        configure_logging(load_settings({}))


@pytest.mark.parametrize(
    "text",
    [
        "A risk-free task at https://example.com/a:b@c, see sw_live_… and ask-me-anything-now.",
        "This session = a good one; design=bold, risk_assessment_of_the_century and tokens=many.",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text
