"""What people sign in with, and what they are: e-mail addresses, passwords, and whose word on a role counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from app.domain.access import Role

MAX_EMAIL_LENGTH = 254
# Length is what makes a password hard to guess; rules about signs make it hard to remember (NIST SP 800-63B, 3.1.1).
MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 256

EMAIL_PATTERN = r"^\s*[^\s@]{1,64}@[^\s@]+\s*$"
_EMAIL = re.compile(EMAIL_PATTERN)


def read_email(text: str) -> str:
    """The address as it is stored, in lower case; ValueError for what is none."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    if len(email) > MAX_EMAIL_LENGTH or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise ValueError("must be an e-mail address")
    return email


def typed_password(text: str) -> str:
    """A password in the one form in which it is hashed: keyboards write the same letter in more than one."""
    return unicodedata.normalize("NFKC", text)


def read_password(text: str) -> str:
    """A new password, in that form; ValueError for a bad length."""
    password = typed_password(text)
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise ValueError(f"must have {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters")
    return password


def role_in_force(email: str, stored: Role, admin_users: Collection[str], *, is_in_farms_org: bool) -> Role:
    """The stored role, but for `ADMIN_USERS`, who run the farm whatever the database says.

    In the farm's own organisation alone: the administrators of another one choose its users' addresses themselves.
    """
    return Role.OPERATOR if is_in_farms_org and email in admin_users else stored
