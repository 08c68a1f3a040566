"""`scripts/webhook-listen`: see what comes, and whether a sender copes with a receiver that misbehaves."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime

from app.domain.webhook_signature import check_secret
from workers.webhook_receiver import Behaviour, Received, Receiver

DESCRIPTION = """Receive webhooks on this host, verify them, and print a line for each."""
EPILOG = """examples:
  scripts/webhook-listen --secret whsec_…             verify, and answer 200
  scripts/webhook-listen --answer 500                 fail every time: see the attempts go by
  scripts/webhook-listen --fail-first 2               fail twice, then accept: the same webhook-id comes again
  scripts/webhook-listen --slow 20                    answer later than a sender waits (15 seconds)
  scripts/webhook-listen --answer 429 --retry-after 90

The farm refuses addresses of this host unless it is told otherwise: start it with WEBHOOK_ALLOW_NETWORKS=127.0.0.1/32,
then make an endpoint:

  curl -X POST $SCENEWORKS_URL/api/webhooks/endpoints -H "Authorization: Bearer $SCENEWORKS_API_KEY" \\
       -H 'Content-Type: application/json' -d '{"url": "http://127.0.0.1:8765/"}'

Its answer has the secret. Ctrl-C ends this."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/webhook-listen",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_Whole(0, 65535), default=8765, metavar="N", help="0 picks a free one (8765)")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where it listens (127.0.0.1)")
    parser.add_argument(
        "--secret",
        default=os.environ.get("WEBHOOK_SECRET"),
        help="whsec_… (WEBHOOK_SECRET); without it nothing is verified",
    )
    parser.add_argument("--answer", type=_Whole(200, 599), default=200, metavar="STATUS", help="what it answers (200)")
    parser.add_argument("--fail-first", type=_Whole(0, 10**9), default=0, metavar="N", help="answer 500 to the first N")
    parser.add_argument("--slow", type=float, default=0.0, metavar="SECONDS", help="wait so long before each answer")
    parser.add_argument("--drip", action="store_true", help="answer a byte each half second, without end")
    parser.add_argument("--redirect", metavar="URL", help="send the sender elsewhere, which it must not follow")
    parser.add_argument("--retry-after", metavar="SECONDS", help="say when to come again: seconds, or an HTTP date")
    parser.add_argument("--count", type=_Whole(1, 10**9), metavar="N", help="end after N requests")
    parser.add_argument("--json", action="store_true", help="a JSON object for each request, with its body")
    options = parser.parse_args(arguments)
    if options.secret is not None:
        try:
            options.secret = check_secret(options.secret)
        except ValueError as error:
            parser.error(f"--secret: {error}")
    if options.slow < 0:
        parser.error("--slow: must not be below 0")
    return options


class _Whole:
    """A whole number within bounds; argparse says the name of the option before the message."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> int:
        if not text.isascii() or not text.isdigit() or not self._low <= int(text) <= self._high:
            raise argparse.ArgumentTypeError(f"must be a whole number between {self._low} and {self._high}")
        return int(text)


def line_of(received: Received) -> str:
    """`12:00:01 msg_… video.succeeded 200 verified, again`."""
    at = datetime.fromtimestamp(received.at).strftime("%H:%M:%S")
    again = ", again" if received.again else ""
    return f"{at} {received.id or '(no id)'} {type_of(received)} {received.status} {received.verdict}{again}"


def type_of(received: Received) -> str:
    """The message's type, in letters that a terminal may be shown; `-` where the body has none."""
    try:
        told = json.loads(received.body)["type"]
    except (ValueError, LookupError, TypeError):
        return "-"
    return told if isinstance(told, str) and told.isprintable() else "-"


def object_of(received: Received) -> str:
    return json.dumps(
        {
            "at": received.at,
            "id": received.id,
            "path": received.path,
            "type": type_of(received),
            "status": received.status,
            "verdict": received.verdict,
            "again": received.again,
            "headers": dict(received.headers),
            "body": received.body.decode("utf-8", errors="replace"),
        }
    )


def main(arguments: Sequence[str]) -> int:
    options = parse_arguments(arguments)
    behaviour = Behaviour(
        options.answer, options.fail_first, options.slow, options.drip, options.redirect, options.retry_after
    )
    ended = threading.Event()
    printing = threading.Lock()

    def tell(received: Received) -> None:
        with printing:
            try:
                print(object_of(received) if options.json else line_of(received), flush=True)
            except BrokenPipeError:
                ended.set()
        if options.count is not None and receiver.requests >= options.count:
            # After the answer: whoever counts has sent that many.
            threading.Timer(0.2, ended.set).start()

    try:
        receiver = Receiver(options.secret, behaviour, options.host, options.port, tell)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "Choose another: --port N; 0 picks one."
        print(f"Port {options.port} on {options.host} cannot be used: {reason}. {advice}", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with receiver:
        print(f"listening on {receiver.url}", file=sys.stderr, flush=True)
        if options.secret is None:
            print("no secret was given, so nothing is verified: --secret whsec_…", file=sys.stderr, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
