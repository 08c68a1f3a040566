"""The least that an API with a database can be: Flask and SQLAlchemy, a row in, a row out. `DATABASE_URL` names it."""

from __future__ import annotations

import os
import time

from flask import Flask, Response, jsonify, request
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["DATABASE_URL"], pool_size=5, max_overflow=20)
application = Flask(__name__)


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "bare_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[float]


@application.post("/rows")
def add() -> tuple[Response, int]:
    with Session(engine, expire_on_commit=False) as session:
        row = Row(text=request.get_json()["text"], status="queued", created_at=time.time())
        session.add(row)
        session.commit()
        return jsonify(_shown(row)), 202


@application.get("/rows/<int:row_id>")
def show(row_id: int) -> Response:
    with Session(engine) as session:
        return jsonify(_shown(session.get_one(Row, row_id)))


def _shown(row: Row) -> dict[str, object]:
    return {"id": row.id, "text": row.text, "status": row.status, "created_at": row.created_at}


Base.metadata.create_all(engine)
