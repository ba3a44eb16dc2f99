"""Requests in the name of an AWS role, for what AgentCore serves to those without a user's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator


class Signed(httpx.Auth):
    """Signs requests with the AWS credentials of the shell (SigV4)."""

    requires_request_body = True

    def __init__(self, region: str) -> None:
        """`region` is that of the service which is called."""
        import boto3

        self._region = region
        self._credentials = boto3.Session().get_credentials()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        signed = AWSRequest(request.method, str(request.url), data=request.content)
        SigV4Auth(self._credentials, "bedrock-agentcore", self._region).add_auth(signed)
        request.headers.update(dict(signed.headers))
        yield request
