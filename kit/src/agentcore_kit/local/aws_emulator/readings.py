"""What only `kit doctor` reads: roles, identity providers, guardrails, and whether traces can be searched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion


class IamReadings:
    """The part of IAM that is called; what roles may do is in `iam`."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place

    def get_role(self, p: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:iam::{self.place.account}:role/{p['RoleName']}"
        role = self.place.cloud.iam.role(arn)
        if role is None:
            raise ApiError("NoSuchEntity", f"The role with name {p['RoleName']} cannot be found.", 404)
        about = {"Path": "/", "RoleName": p["RoleName"], "RoleId": "AROA1B2C3D4E5F6G7H8I", "Arn": arn}
        made = {"CreateDate": datetime.now(UTC), "AssumeRolePolicyDocument": quote(json.dumps(role.trust))}
        return {"Role": about | made}

    def get_open_id_connect_provider(self, p: Mapping[str, Any]) -> dict[str, Any]:
        arn = p["OpenIDConnectProviderArn"]
        if arn not in self.place.cloud.iam.account(self.place.account).providers:
            raise ApiError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404)
        return {"Url": arn.partition("/")[2], "ClientIDList": ["sts.amazonaws.com"]}


class Guardrails:
    """Bedrock's guardrails: each that is asked for is there and ready, but for those in `absent`."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.absent: set[str] = set()

    def get_guardrail(self, p: Mapping[str, Any]) -> dict[str, Any]:
        guardrail, now = p["guardrailIdentifier"], datetime.now(UTC)
        if guardrail in self.absent:
            raise ApiError("ResourceNotFoundException", f"The guardrail {guardrail} does not exist.", 404)
        return {
            "name": guardrail,
            "guardrailId": guardrail,
            "guardrailArn": self.place.arn("bedrock", f"guardrail/{guardrail}"),
            "version": p.get("guardrailVersion", "DRAFT"),
            "status": "READY",
            "createdAt": now,
            "updatedAt": now,
            "blockedInputMessaging": "refused",
            "blockedOutputsMessaging": "refused",
        }


class Traces:
    """X-Ray's destination of traces. The platform switches the search on, with a resource of its template."""

    def __init__(self, place: AccountRegion) -> None:
        self.searched = True

    def get_trace_segment_destination(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Destination": "CloudWatchLogs" if self.searched else "XRay", "Status": "ACTIVE"}
