"""Uploads, looked at again and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from app.client.transport import Transport
from app.client.values import Asset, understand

PATH = "/api/assets"
PAGE = 100


class AssetMethods:
    """A part of the Client."""

    _transport: Transport

    def list_assets(self, *, kind: str | None = None, page_size: int = PAGE) -> Iterator[Asset]:
        """All uploads, newest first, or those of one kind (`image`, `audio`, `video`); asks page by page."""
        after: str | None = None
        while True:
            query = {"limit": page_size, "kind": kind, "starting_after": after}
            given = urlencode({name: value for name, value in query.items() if value is not None})
            page = self._transport.get(f"{PATH}?{given}")
            items, has_more = understand(
                lambda read: ([Asset.from_json(item) for item in read["items"]], bool(read["has_more"])), page
            )
            yield from items
            if not has_more or not items:
                return
            after = items[-1].id

    def get_asset(self, asset_id: str) -> Asset:
        return understand(Asset.from_json, self._transport.get(_path(asset_id)))

    def delete_asset(self, asset_id: str) -> None:
        """Let nothing new be made of it; videos that have been accepted are not touched.

        NotFound when there is none, Conflict while it is the logo of the brand kit.
        """
        self._transport.call("DELETE", _path(asset_id))


def _path(asset_id: str) -> str:
    return f"{PATH}/{quote(asset_id, safe='')}"
