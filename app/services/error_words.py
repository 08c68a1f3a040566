"""What the books keep of an error's message: no secrets, no more than a list of jobs can show, nothing unstorable."""

from __future__ import annotations

import re

from config.redaction import redact

# An error of ours says what it has to say in one or two hundred characters; what an effect or a library quotes may be
# of any size, and a list of jobs shows fifty of them.
MOST_CHARS = 2000
LEFT_OUT = " … "
# The end most often says what went wrong, the start where.
_START_CHARS = 1200
_END_CHARS = MOST_CHARS - _START_CHARS - len(LEFT_OUT)
# Secrets are looked for in so much of either end: by far more than is kept, and little enough to be searched at once.
_READ_CHARS = 4 * MOST_CHARS
# Half a surrogate pair is no character in UTF-8, and PostgreSQL stores no NUL, neither as text nor in JSON.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def error_words(message: str) -> str:
    """`message` as it is stored and shown: at most `MOST_CHARS` characters, its start and its end kept."""
    text = redact(_UNSTORABLE.sub("\ufffd", _both_ends(message)))
    if len(text) <= MOST_CHARS:
        return text
    return text[:_START_CHARS] + LEFT_OUT + text[-_END_CHARS:]


def _both_ends(message: str) -> str:
    """A text too long to be searched for secrets, without its middle: cut between words, to halve no secret."""
    if len(message) <= 2 * _READ_CHARS:
        return message
    start, end = message[:_READ_CHARS], message[-_READ_CHARS:]
    return "".join(start.rpartition(" ")[:2]) + LEFT_OUT + end.partition(" ")[2]
