"""The declarative base: Flask-SQLAlchemy's, so that the API has its request-scoped session and workers need no Flask app."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, Double, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase

# Named constraints can be altered by a migration on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite gives ids by itself only to a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


Base.registry.update_type_annotation_map({dict[str, Any]: JSON(none_as_null=True), float: Double(), str: String()})

db: SQLAlchemy = SQLAlchemy(model_class=Base)
Model: type[Base] = db.Model  # type: ignore[assignment]  # Flask-SQLAlchemy builds it from Base at run time.
