"""The list of hostile inputs that the product is held to, each with the tests that show its outcome.

A row whose test is renamed or removed fails here, and so does one that names none. What comes over the wire and what is
in a file is shown on the real API.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Row:
    """`tests` are `<folder>/<file>::<function>` below tests/, without `test_` and `.py`."""

    given: str
    outcome: str
    tests: tuple[str, ...]


ROWS = [
    Row(
        "a webhook to an address of the farm's own network, in any spelling",
        "refused when it is said and when it is sent, in the same words",
        (
            "integration/webhook_endpoints::where_webhooks_may_not_go_is_refused_when_it_is_said",
            "integration/webhook_url::an_address_inside_is_refused_in_one_sentence",
            "integration/webhook_targets::hosts_inside_are_refused_in_the_same_words",
            "integration/webhook_targets::a_public_name_with_a_private_record_is_refused",
            "integration/webhook_targets::one_forbidden_address_forbids_them_all",
            "integration/webhook_exchange::hosts_inside_are_refused_at_each_attempt",
        ),
    ),
    Row(
        "a webhook's name that rebinds between check and send",
        "the checked address",
        ("integration/webhook_exchange::the_address_that_was_checked_is_connected_to",),
    ),
    Row(
        "a 302 of a webhook to an internal host",
        "a failed attempt, not followed",
        ("integration/webhook_exchange::a_redirect_is_not_followed",),
    ),
    Row(
        "odd URLs and line breaks in a webhook's URL or headers",
        "422",
        (
            "integration/webhook_endpoints::where_webhooks_may_not_go_is_refused_when_it_is_said",
            "integration/webhook_targets::what_is_no_plain_address_is_refused_unseen",
            "integration/webhook_exchange::a_header_of_two_lines_is_not_sent",
        ),
    ),
    Row(
        "a receiver that drips, 1 GB or a gzip bomb in its answer",
        "a timeout at 15 s, 20 kB stored",
        (
            "integration/webhook_exchange::a_receiver_that_drips_is_cut_off",
            "integration/webhook_exchange::a_handshake_that_drips_is_cut_off",
            "integration/webhook_exchange::of_a_long_answer_the_first_20_kb_are_read",
            "integration/webhook_exchange::nothing_is_decompressed",
        ),
    ),
    Row(
        "HLS or ffconcat text as .mp4, SVG with an external reference, HTML polyglot",
        "422 UNSUPPORTED_MEDIA; nothing else is opened; downloads are attachments with nosniff",
        (
            "integration/hostile_uploads::what_only_looks_like_a_picture_or_a_video_is_refused_and_leads_nowhere",
            "integration/hostile_uploads::a_picture_with_a_page_behind_it_is_a_picture_and_never_a_page",
            "integration/inspect_audio::a_playlist_opens_nothing_else",
            "integration/footage::what_is_no_video_that_can_be_shown_is_refused",
            "integration/api_files::an_output_comes_whole_under_the_title_of_its_video",
        ),
    ),
    Row(
        "a PNG of 15000² pixels, 10 hours, 1000 streams, a zip bomb",
        "422, below 200 MB resident",
        (
            "integration/inspect_image::a_decompression_bomb_is_refused_from_its_header_in_little_memory",
            "integration/footage::a_huge_frame_costs_little_memory_to_refuse",
            "integration/inspect_audio::ten_hours_are_refused",
            "integration/hostile_uploads::a_thousand_streams_are_refused",
            "integration/hostile_uploads::a_zip_bomb_is_refused_without_being_opened",
            "integration/hostile_uploads::a_compressed_body_is_not_unpacked",
        ),
    ),
    Row(
        "a truncated MP4, zero bytes, a wrong extension",
        "a clear failure that lasts, not tried again",
        (
            "integration/footage::what_is_no_video_that_can_be_shown_is_refused",
            "integration/api_files::an_empty_file_and_a_wrong_field_are_named",
            "integration/footage::the_content_decides_and_the_name_does_not",
            "unit/retry::a_permanent_failure_is_never_tried_again",
        ),
    ),
    Row(
        "a file named ../../x, -y.mp4, or with a NUL",
        "the name is passed over; the server's own is used",
        ("integration/hostile_uploads::a_files_name_means_nothing",),
    ),
    Row(
        "an upload over the limit, or a Content-Length that lies",
        "413, nothing left on disk",
        (
            "integration/api_files::a_file_at_the_limit_is_taken_and_one_beyond_is_not",
            "integration/hostile_uploads::a_length_beyond_the_limit_is_refused_whatever_comes",
            "integration/hostile_uploads::a_length_that_lies_leaves_nothing",
        ),
    ),
    Row(
        "another tenant's job, cursor, artifact, stream, asset, audit entry",
        "404 with the same body; a cursor 400",
        (
            "integration/api_jobs::anothers_job_is_as_absent_as_one_that_never_was",
            "integration/api_files::another_orgs_asset_cannot_be_used",
            "integration/audit_log::each_organisation_reads_its_own_and_only_its_admins",
        ),
    ),
    Row(
        "an artifact named ..%2f, NUL, or absolute",
        "404",
        ("integration/api_files::an_output_that_is_none_is_not_found",),
    ),
    Row(
        "a signed address that is out of date or altered, or another method",
        "403",
        (
            "integration/signed_downloads::it_ends_with_its_time",
            "integration/signed_downloads::it_is_good_for_that_file_alone",
        ),
    ),
    Row(
        "`seed: false`, NaN, 1e400, unknown fields, deep or huge JSON, a wrong Content-Type",
        "422, 413 or 415",
        (
            "integration/api_videos::everything_wrong_is_refused_by_name_and_leaves_no_job",
            "integration/api_videos::a_body_that_is_not_json_by_its_type_is_a_415",
        ),
    ),
    Row(
        "the same Idempotency-Key twice at once",
        "one job",
        ("integration/api_videos::one_key_sent_eight_times_at_once_makes_one_job",),
    ),
    Row(
        "a key that is revoked while a stream is open",
        "the stream closes",
        ("integration/api_jobs::a_revoked_key_ends_its_streams",),
    ),
    Row(
        "`{\\p1}`, `%{metadata:x}`, `<script>` in a text",
        "literal in the picture, escaped in every page",
        (
            "integration/literal_text::a_text_is_drawn_as_it_was_written",
            "integration/literal_text::a_text_keeps_them_from_the_request_to_the_caption",
            "integration/literal_text::every_page_escapes_what_it_shows",
            "integration/literal_text::the_api_gives_it_back_as_data_that_no_browser_takes_for_a_page",
        ),
    ),
    Row(
        "a line break and forged JSON in a prompt",
        "one log line",
        ("unit/logging::no_value_can_pass_for_a_line_of_its_own",),
    ),
    Row(
        "a lone surrogate, marks of direction, zero-width signs, emoji, 100 kB of one word",
        "normalised or 422; never a crash in the render",
        (
            "integration/api_videos::everything_wrong_is_refused_by_name_and_leaves_no_job",
            "unit/own_text::characters_that_harm_are_folded_and_those_that_spell_are_kept",
            "unit/own_text::any_text_gives_scenes_of_single_spaced_words_or_a_clear_refusal",
            "unit/captions::a_word_of_a_hundred_thousand_letters_is_shown_to_its_end",
            "unit/bidi::nothing_is_lost_and_levels_are_small",
        ),
    ),
    Row(
        "a provider's key or a webhook's secret inside an error text",
        "redacted in logs, events, answers and the audit log",
        (
            "integration/redaction::what_a_vendor_quotes_in_its_error_is_seen_nowhere",
            "integration/redaction::a_secret_that_a_caller_sends_by_mistake_is_not_said_back",
            "integration/redaction::what_nobody_foresaw_is_told_to_the_log_alone_and_without_the_secret",
            "integration/redaction::the_reasons_that_people_give_are_kept_without_their_secrets",
            "unit/logging::secrets_are_redacted_wherever_they_stand",
        ),
    ),
]


@cache
def functions_of(file: Path) -> frozenset[str]:
    """Those at the file's top level, where pytest looks for tests."""
    return frozenset(node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.given)
def test_each_row_is_shown_by_tests_that_are_there(row: Row) -> None:
    assert row.tests
    for name in row.tests:
        place, _, function = name.partition("::")
        folder, _, file = place.partition("/")
        assert f"test_{function}" in functions_of(TESTS / folder / f"test_{file}.py"), name
