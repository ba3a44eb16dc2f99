"""Where data comes from: a carrier's HTTP API, called by the operations of its OpenAPI description.

The kit gets the OAuth token, and holds every answer against the description.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from agentcore_kit.runtime.http_api import HttpApi, Refused


class NotFound(LookupError):
    """The carrier does not know it; asking again will not help."""


class NotReady(Exception):
    """The shipment cannot be picked up; the message says why."""


@dataclass(frozen=True)
class Shipment:
    """One shipment: status in the carrier's words, where it was last, and the day of its delivery, as YYYY-MM-DD."""

    status: str
    place: str
    expected: str | None


@dataclass(frozen=True)
class Rate:
    """What a delivery to a country costs in EUR, and how many working days it takes."""

    base: float
    per_kg: float
    days: int


@dataclass(frozen=True)
class Pickup:
    """When the carrier comes: the day as YYYY-MM-DD, the times as HH:MM."""

    number: str
    day: str
    begins: str
    ends: str


class Backend(Protocol):
    """What the tools need. Calls may block: they run off the event loop, with a time-out.

    What may work when it is tried again raises ConnectionError.
    """

    def shipment(self, shipment_id: str) -> Shipment:
        """Return a shipment. Raises NotFound."""

    def rate(self, country: str) -> Rate:
        """Return the rate of a country. Raises NotFound."""

    def book_pickup(self, shipment_id: str) -> Pickup:
        """Have a shipment picked up; doing it again books nothing more. Raises NotFound, NotReady."""


class Carrier:
    """The carrier: the real one at `CARRIER_URL`, or else the examples of its description."""

    def __init__(self, api: HttpApi | None = None) -> None:
        """Take an API; without one, what the environment says."""
        self._api = api or HttpApi(
            Path(__file__).parent / "data" / "carrier.yaml",
            url=os.environ.get("CARRIER_URL", ""),
            credentials=("CARRIER_CLIENT_ID", "CARRIER_CLIENT_SECRET"),
        )

    def shipment(self, shipment_id: str) -> Shipment:
        """Return a shipment. Raises NotFound."""
        try:
            found = self._api.call("getShipment", {"shipmentId": shipment_id})
        except Refused as error:
            raise _explained(error, shipment_id) from None
        return Shipment(found["status"], found["place"], found.get("expected"))

    def rate(self, country: str) -> Rate:
        """Return the rate of a country. Raises NotFound."""
        try:
            found = self._api.call("getRate", {"country": country})
        except Refused as error:
            raise _explained(error, country) from None
        return Rate(found["base"], found["perKg"], found["days"])

    def book_pickup(self, shipment_id: str) -> Pickup:
        """Have a shipment picked up; doing it again books nothing more. Raises NotFound, NotReady."""
        key = str(uuid5(NAMESPACE_URL, f"pickup/{shipment_id}"))  # one pickup for each shipment
        try:
            found = self._api.call("bookPickup", {"Idempotency-Key": key}, {"shipmentId": shipment_id})
        except Refused as error:
            raise _explained(error, shipment_id) from None
        return Pickup(found["id"], found["day"], found["from"], found["until"])


def _explained(error: Refused, what: str) -> Exception:
    """Return what a refusal means here; where it means nothing that a caller could do, the refusal."""
    if error.status == 404:
        return NotFound(f"the carrier does not know {what}")
    return NotReady(f"{what}: {error.text}") if error.status == 409 else error
