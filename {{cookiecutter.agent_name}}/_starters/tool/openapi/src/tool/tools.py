"""The server's tools. A model sees only their names, types and descriptions, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it;
`make check` says which is missing. What happens when its backend fails is declared beside it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from agentcore_kit.mcp_server import Aged, Failure, tool
from pydantic import BaseModel, Field

from tool.backend import Backend, Carrier, NotFound, NotReady

ShipmentId = Annotated[
    str,
    Field(
        pattern=r"^SH-\d{5}$",
        description="Number of the shipment: SH- and five digits, for example SH-10042. Never guess it: ask the user "
        "for it when it was not said.",
        examples=["SH-10042"],
    ),
]
Country = Annotated[
    Literal["DE", "FR", "PL"],
    Field(
        description="Country of the delivery. DE (Germany, Berlin, Munich), FR (France, Paris, Lyon), PL (Poland, "
        "Warsaw). When the user names none, ask which one."
    ),
]
Weight = Annotated[
    float,
    Field(
        gt=0,
        le=1000,
        description="Weight of the parcel in kilograms. Ask the user for it when it was not said.",
        examples=[2.5],
    ),
]
STATUS = {"READY": "ready for pickup", "IN_TRANSIT": "on its way", "DELAYED": "late", "DELIVERED": "delivered"}

backend: Backend = Carrier()


class Shipment(Aged):
    """Where one shipment is."""

    shipmentId: str = Field(description="the shipment asked for")
    status: str = Field(description="ready for pickup, on its way, late, or delivered")
    place: str = Field(description="the town where it was last")
    expected: str | None = Field(description="the day on which it is or was delivered, as YYYY-MM-DD; null if unknown")


class DeliveryPrice(BaseModel):
    """What one delivery costs."""

    country: str = Field(description="the country asked for")
    priceEur: float = Field(description="the price in EUR, with tax")
    workingDays: int = Field(description="how many working days the delivery takes")


class Pickup(BaseModel):
    """When the carrier comes for one shipment."""

    shipmentId: str = Field(description="the shipment asked for")
    number: str = Field(description="the number of the pickup")
    day: str = Field(description="the day on which the carrier comes, as YYYY-MM-DD")
    begins: str = Field(description="the earliest time of day, as HH:MM")
    ends: str = Field(description="the latest time of day, as HH:MM")


@tool("getShipment", title="Shipment", effect="read", fall_back_seconds=900)
def get_shipment(shipmentId: ShipmentId) -> Shipment:
    """Retrieves where one shipment is and when it is delivered.

    Use when the user asks where a shipment, parcel, package or delivery is, to track it, for its status, whether it is
    late or has arrived, or when it arrives. Do not use for prices: use getDeliveryPrice.

    Returns: status, last place and day of delivery, and the answer's age when it is an earlier one.

    Errors: 404 when the carrier does not know the number: ask the user to check it; 503 when the carrier is
    unavailable after three tries and there is no answer of the last 15 minutes: tell the user to try again later.
    """
    try:
        found = backend.shipment(shipmentId)
    except NotFound as error:
        raise Failure(404, str(error)) from None
    return Shipment(shipmentId=shipmentId, status=STATUS[found.status], place=found.place, expected=found.expected)


@tool("getDeliveryPrice", title="Delivery price", effect="read")
def get_delivery_price(country: Country, weightKg: Weight) -> DeliveryPrice:
    """Calculates what it costs to send one parcel to a country.

    Use when the user asks for the price, cost, rate or fee of sending, shipping or posting a parcel, package or box, or
    what it costs to send something. Call it once for each country. Do not use for a shipment that is on its way: use
    getShipment.

    Returns: the price in EUR and how many working days the delivery takes.

    Errors: 404 when the carrier does not deliver there; 503 when the carrier is unavailable after three tries: tell
    the user to try again later.
    """
    try:
        rate = backend.rate(country)
    except NotFound as error:
        raise Failure(404, str(error)) from None
    price = round(rate.base + rate.per_kg * weightKg, 2)
    return DeliveryPrice(country=country, priceEur=price, workingDays=rate.days)


@tool("bookPickup", title="Book a pickup", effect="change", timeout_seconds=5.0)
def book_pickup(shipmentId: ShipmentId) -> Pickup:
    """Books the carrier to collect one shipment at our office. Booking it again books nothing more.

    Use when the user asks to book, order or arrange a pickup or a collection, or to have a shipment picked up,
    collected or fetched. Do not use to see where a shipment is: use getShipment.

    Returns: the number of the pickup, its day, and between which times the carrier comes.

    Errors: 404 when the carrier does not know the number: ask the user to check it; 409 when the shipment is not ready
    for pickup, with the reason; 503 when the carrier is unavailable after three tries: tell the user to try again
    later.
    """
    try:
        found = backend.book_pickup(shipmentId)
    except NotFound as error:
        raise Failure(404, str(error)) from None
    except NotReady as error:
        raise Failure(409, str(error)) from None
    return Pickup(shipmentId=shipmentId, number=found.number, day=found.day, begins=found.begins, ends=found.ends)
