"""The secret that the farm signs with: SCENEWORKS_SECRET, else one of its own, made once and kept in the home.

Hosts that serve one farm must have the same: what one of them has signed comes to another to be checked.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from app.services.private_file import read_private, write_private

OWN_BYTES = 32


def farm_secret(configured: str | None, secret_file: Path) -> bytes:
    """The configured secret, or the one in `secret_file`, which is written (mode 0600) when there is none."""
    if configured is not None:
        return configured.encode()
    content = read_private(secret_file)
    # A file that was cut off or emptied signs nothing.
    is_useless = content is not None and len(content) < OWN_BYTES
    if content is None or is_useless:
        content = write_private(secret_file, secrets.token_hex(OWN_BYTES), replace=is_useless)
    return content.encode()
