"""Capitals as each language writes them."""

from __future__ import annotations

import pytest

from app.domain.capitals import in_capitals


@pytest.mark.parametrize(
    ("text", "language", "capitals"),
    [
        ("Die Straße", "de", "DIE STRASSE"),
        ("istanbul ışık", "tr", "İSTANBUL IŞIK"),
        ("istanbul", "tr_TR", "İSTANBUL"),
        ("i\u0307yi", "az", "İYİ"),
        ("istanbul", "en", "ISTANBUL"),
        ("ή Ελλάδα, μαΐου", "el", "Ή ΕΛΛΑΔΑ, ΜΑΪΟΥ"),
        ("άυλος ρολόι", "el", "ΑΫΛΟΣ ΡΟΛΟΪ"),
        ("ή Ελλάδα", "en", "Ή ΕΛΛΆΔΑ"),
        ("և", "hy", "ԵՎ"),
        ("i\u0307\u0300", "lt", "Ì"),
        ("ŉ ﬁn", "en", "ʼN FIN"),
        ("საქართველო", "ka", "საქართველო"),
        ("漢字 مرحبا 42", "ja", "漢字 مرحبا 42"),
    ],
)
def test_capitals_follow_the_language(text: str, language: str, capitals: str) -> None:
    assert in_capitals(text, language) == capitals
