"""The tools: what the carrier says, and what a caller is told when it refuses or does not answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import httpx2
import pytest
from agentcore_kit.mcp_server import Failure
from agentcore_kit.runtime.http_api import HttpApi

from tool import backend, tools
from tool.backend import Carrier

ASKED = "POST https://carrier.example.com/oauth2/token"


def test_a_shipment_is_that_of_the_carrier() -> None:
    found = tools.get_shipment("SH-10063")
    assert (found.status, found.place, found.expected) == ("late", "Lyon", "2026-12-04")


def test_a_shipment_without_a_day_has_none() -> None:
    assert tools.get_shipment("SH-10051").expected is None


def test_the_price_is_that_of_country_and_weight() -> None:
    assert tools.get_delivery_price("FR", 2.0).priceEur == 11.7


@pytest.mark.parametrize("country", get_args(get_args(tools.Country)[0]))
def test_the_carrier_delivers_to_every_country_that_is_offered(country: str) -> None:
    assert tools.get_delivery_price(country, 1.0).priceEur > 0  # type: ignore[arg-type]


def test_a_pickup_that_is_booked_again_is_the_same() -> None:
    assert tools.book_pickup("SH-10051") == tools.book_pickup("SH-10051")


def test_what_cannot_be_picked_up_is_explained() -> None:
    with pytest.raises(Failure, match="SH-10017: it was delivered already") as refused:
        tools.book_pickup("SH-10017")
    assert refused.value.code == 409


@pytest.mark.parametrize("call", [tools.get_shipment, tools.book_pickup])
def test_a_number_that_the_carrier_does_not_know_is_explained(call: Callable[[str], object]) -> None:
    with pytest.raises(Failure, match="the carrier does not know SH-99999") as refused:
        call("SH-99999")
    assert refused.value.code == 404


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.Request]:
    """Stand in for the real carrier, and return what it is sent."""
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        if request.url.path == "/oauth2/token":
            return httpx2.Response(200, json={"access_token": "a-token", "expires_in": 300})
        booked = {"id": "PU-1", "shipmentId": "SH-10051", "day": "2026-11-30", "from": "09:00", "until": "12:00"}
        return httpx2.Response(201, json=booked)

    monkeypatch.setenv("CARRIER_CLIENT_ID", "a-client")
    monkeypatch.setenv("CARRIER_CLIENT_SECRET", "a-secret")
    api = HttpApi(
        Path(backend.__file__).parent / "data" / "carrier.yaml",
        url="https://carrier.example.com/v2",
        credentials=("CARRIER_CLIENT_ID", "CARRIER_CLIENT_SECRET"),
        transport=httpx2.MockTransport(answer),
    )
    monkeypatch.setattr(tools, "backend", Carrier(api))
    return requests


def test_the_real_carrier_is_asked_with_a_token_and_one_key_for_each_shipment(sent: list[httpx2.Request]) -> None:
    tools.book_pickup("SH-10051")
    tools.book_pickup("SH-10051")

    token, first, second = sent
    assert f"{token.method} {token.url}" == ASKED
    assert str(first.url) == "https://carrier.example.com/v2/pickups"
    assert first.headers["Authorization"] == "Bearer a-token"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
