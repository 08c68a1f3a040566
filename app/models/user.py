"""People: who signs in on the pages, the sessions in which they are signed in, and how often that failed."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model


class User(Model):
    """`email` in lower case; `role` an `app.domain.access.Role`. Without a password nobody can sign in as this user."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[float]
    disabled_at: Mapped[float | None]


class SignIn(Model):
    """A browser's session: the cookie's SHA-256, in hex, and until when it counts."""

    __tablename__ = "sign_ins"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[float]
    last_used_at: Mapped[float]
    expires_at: Mapped[float] = mapped_column(index=True)
    ended_at: Mapped[float | None]


class SignInAttempt(Model):
    """How often a sign-in was tried since a time, and did not succeed: by an e-mail address, by it and a host."""

    __tablename__ = "sign_in_attempts"

    name_sha256: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    since: Mapped[float] = mapped_column(index=True)
