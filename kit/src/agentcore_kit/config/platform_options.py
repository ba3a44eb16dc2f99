"""Sections of a platform's environment file that not every account has: who signs users in, a LiteLLM gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from agentcore_kit.config.loader import Model
from agentcore_kit.config.served import Url


class UserDirectory(Model):
    """Who signs users in: an OpenID Connect provider that the organisation has."""

    discovery_url: str = Field(
        pattern=r"^https://\S+/\.well-known/openid-configuration$",
        description="its discovery document",
        examples=["https://login.example.com/.well-known/openid-configuration"],
    )
    clients: list[Annotated[str, StringConstraints(pattern=r"^[^\s,]{1,255}$")]] = Field(
        min_length=1, description="client ids whose tokens are let in", examples=["[agent-portal]"]
    )


class Cognito(Model):
    """A user pool of the platform's own, where the organisation brings no provider."""

    domain_prefix: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="the first part of its sign-in address, which nobody else in the region has",
        examples=["example-org-agents-dev"],
    )
    callback_urls: list[Url] = Field(
        min_length=1,
        description="where users return to after signing in",
        examples=["['http://localhost:8080/callback']"],
    )


class LiteLlm(Model):
    """A LiteLLM gateway in front of the models, with a budget and a key for each component."""

    vpc: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="the VPC", examples=["vpc-0a1b2c3d"])
    subnets: list[Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]] = Field(
        min_length=2,
        description="private subnets, in two zones at least",
        examples=["[subnet-0a1b2c3d, subnet-0e4f5a6b]"],
    )
    image: str = Field(
        pattern=r"^\S+@sha256:[0-9a-f]{64}$", description="the image, by digest", examples=["REGISTRY/litellm@sha256:…"]
    )
    certificate_arn: str = Field(
        pattern=r"^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/\S+$",
        description="the certificate of its address",
        examples=["arn:aws:acm:eu-central-1:123456789012:certificate/1a2b"],
    )
