"""The declarative base: Flask-SQLAlchemy's, so that the API has `db.session`, while workers need no Flask app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, Double, Engine, Integer, MetaData, String
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


class FarmSQLAlchemy(SQLAlchemy):
    """Lends the API the farm's own engine (`app.extensions["farm"]`): one pool, and one way of beginning on SQLite."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine: Engine = app.extensions["farm"].database.engine
        return engine


db = FarmSQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    # Flask-SQLAlchemy builds it from Base at run time, which a type checker cannot follow.
    Model = db.Model
