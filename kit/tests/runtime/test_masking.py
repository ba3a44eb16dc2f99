"""Masking: the values of secrets never stand in a text, in whatever form, whole or in pieces."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest

from agentcore_kit.runtime import masking

VALUE = 'p4ß/w+rd "x"\\&=?ÿ~long'


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """Know one secret, and none after the test."""
    masking.register("CRM_PASSWORD", VALUE)
    yield
    masking.forget()


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        repr(VALUE),
        str(ValueError(VALUE)),
        repr({"password": [VALUE]}),
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        json.dumps({"body": json.dumps({"password": VALUE})}),
        json.dumps({"body": json.dumps({"password": VALUE}, ensure_ascii=False)}, ensure_ascii=False),
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        quote(VALUE).lower(),
        b64encode(VALUE.encode()).decode(),
        urlsafe_b64encode(VALUE.encode()).decode().rstrip("="),
        b64encode(f"u:{VALUE}".encode()).decode(),
        b64encode(f"user:{VALUE} and more".encode()).decode(),
        b64encode(f"crm:{VALUE}".encode()).decode(),
        quote(b64encode(VALUE.encode()).decode(), safe=""),
    ],
)
def test_it_is_found_however_it_is_written(written: str) -> None:
    shown = masking.mask(f"before {written} after")
    assert "[secret CRM_PASSWORD]" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    for piece in (VALUE, VALUE[:8], json.dumps(VALUE)[1:9], b64encode(VALUE.encode()).decode()[4:16]):
        assert piece not in shown


def test_what_was_replaced_stays_hidden() -> None:
    masking.register("CRM_PASSWORD", "the-new-password")
    assert masking.mask(f"{VALUE} the-new-password") == "[secret CRM_PASSWORD] [secret CRM_PASSWORD]"


def test_the_parts_of_a_secret_are_hidden_too() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nab\n-----END PRIVATE KEY-----"
    masking.register("KEY", key)
    masking.register("LOGIN", '{"user": "bot", "password": "s3cret-enough"}')
    assert "MIIEv" not in masking.mask("line MIIEvQIBADANBgkqhkiG9w0BAQ of a key")
    assert masking.mask("bot signs in with s3cret-enough") == "bot signs in with [secret LOGIN]"


def test_other_text_and_other_types_stay() -> None:
    assert masking.mask("the password is wrong") == "the password is wrong"
    masking.register("EMPTY", "")
    masking.register("SHORT", "abc")
    assert masking.mask_value({"a": [1, None, 2.5, True, ("abc", VALUE)]}) == {
        "a": [1, None, 2.5, True, ("abc", "[secret CRM_PASSWORD]")]
    }


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_in_pieces_nothing_of_it_is_shown(size: int) -> None:
    text = f"The password is {VALUE}, or {VALUE[:-1]}! p4"
    stream = masking.StreamMask()
    shown = [stream.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert "".join([*shown, stream.rest()]) == f"The password is [secret CRM_PASSWORD], or {VALUE[:-1]}! p4"
    assert stream.rest() == ""
