"""Sceneworks: text in, finished video out."""

__version__ = "0.1.0"
