"""The painter that needs no key: pictures composed from a scene's words, by seed.

Drawing, type and the choice between compositions live here; nothing here reads settings, rows or the network.
"""
