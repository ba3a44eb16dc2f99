"""Resources of any type: their names, identifiers and attributes, made by the patterns of the type's schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agentcore_kit.delivery.regions import partition
from agentcore_kit.local.aws_emulator import resource_schemas as schemas
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

_SERVICES = {
    "AgentRegistry": "agent-registry",
    "BedrockAgentCore": "bedrock-agentcore",
    "CertificateManager": "acm",
    "Cognito": "cognito-idp",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
}
"""The services in ARNs, where they are not the second word of the type in small letters."""

_GLOBAL = ("iam", "organizations", "budgets", "cloudfront", "route53")
"""Services whose ARNs have no region."""

_ARNS = {
    "AWS::Cognito::UserPool": "userpool/{region}_{id}",
    "AWS::CloudWatch::Alarm": "alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "alarm:{name}",
    "AWS::IAM::OIDCProvider": "oidc-provider/{provider}",
    "AWS::KMS::Key": "key/{uuid}",
    "AWS::Lambda::Function": "function:{name}",
    "AWS::Logs::LogGroup": "log-group:{name}:*",
    "AWS::Organizations::Policy": "policy/o-exampleorg/service_control_policy/p-{id:.8}",
    "AWS::SNS::Topic": "{name}",
    "AWS::SQS::Queue": "{name}",
    "AWS::SecretsManager::Secret": "secret:{name}-a1B2c3",
}
"""The last part of a type's ARN, where it is not the type's last word and the identifier."""

_REF = {
    "AWS::Budgets::Budget": "{name}",
    "AWS::CloudFormation::WaitConditionHandle": "{name}",
    "AWS::Cognito::UserPoolClient": "{ClientId}",
    "AWS::Cognito::UserPoolDomain": "{Domain}",
    "AWS::Cognito::UserPoolResourceServer": "{Identifier}",
    "AWS::ECS::Service": "{ServiceArn}",
    "AWS::Events::Rule": "{name}",
}
"""What `Ref` gives, where it is not the identifier."""

_GIVEN = {
    "AWS::Cognito::UserPool": {
        "ProviderName": "cognito-idp.{region}.amazonaws.com/{region}_{id}",
        "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{region}_{id}",
        "UserPoolId": "{region}_{id}",
    },
    "AWS::BedrockAgentCore::Gateway": {
        "GatewayUrl": "https://{identifier}.gateway.bedrock-agentcore.{region}.amazonaws.com/mcp"
    },
    "AWS::Cognito::UserPoolClient": {"ClientId": "{id}", "ClientSecret": "{long}"},
    "AWS::ECR::Repository": {"RepositoryUri": "{account}.dkr.ecr.{region}.amazonaws.com/{name}"},
    "AWS::KMS::Key": {"KeyId": "{uuid}"},
    "AWS::S3::Bucket": {
        "Arn": "arn:{partition}:s3:::{name}",
        "DomainName": "{name}.s3.amazonaws.com",
        "RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
    },
    "AWS::SecretsManager::Secret": {"Id": "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-a1B2c3"},
    "AWS::XRay::TransactionSearchConfig": {"AccountId": "{account}"},
}
"""Attributes that the service forms in its own way."""

_READY = ("READY", "ACTIVE", "APPLICATION", "STANDARD")
_NAME = re.compile(r"(?P<of>.*)Name")


def make(
    place: AccountRegion, stack: str, name: str, kind: str, properties: Mapping[str, Any], known: Mapping[str, str]
) -> dict[str, str]:
    """Make a resource of any type, or change one in place.

    Args:
        place: The account and region.
        stack: The name of the stack.
        name: The resource's logical name.
        kind: Its type.
        properties: Its properties, resolved and checked.
        known: Its attributes where it is changed; empty for a new one.

    Returns:
        Its attributes; with the empty name, what `Ref` gives.

    Raises:
        ApiError: There is one with this identifier already.
    """
    if known:
        place.others[kind, identifier_of(kind, known)] = dict(properties)
        return dict(known)
    words = _words(place, stack, name, kind, properties)
    attributes = _attributes(kind, properties, words)
    identifier = identifier_of(kind, {**attributes, "": words["name"]})
    ref = _REF.get(kind, "")
    attributes[""] = ref.format_map({**words, **attributes}) if ref else identifier
    taken = (kind, identifier)
    if taken in place.others:
        text = f"Resource of type '{kind}' with identifier '{identifier}' already exists."
        raise ApiError("AlreadyExists", text)
    place.others[taken] = dict(properties)
    return attributes


def remove(place: AccountRegion, kind: str, attributes: Mapping[str, str]) -> None:
    """Remove a resource of any type."""
    place.others.pop((kind, identifier_of(kind, attributes)), None)


def service_of(kind: str) -> str:
    """Return the service of a type, as its ARNs and its actions begin."""
    second = kind.split("::")[1]
    return _SERVICES.get(second, second.lower())


def arn_of(place: AccountRegion, stack: str, name: str, kind: str, properties: Mapping[str, Any]) -> str:
    """Return the ARN that a resource has, or will have; empty for a type whose resources have none."""
    if not schemas.schema_of(kind):
        return ""
    words = _words(place, stack, name, kind, properties)
    made = _attributes(kind, properties, words)
    own = [text for one, text in made.items() if text.startswith("arn:") and _same(kind, one)]
    return own[0] if own else _arn(kind, made.get((*schemas.primary(kind), "")[0], words["name"]), words)


def identifier_of(kind: str, attributes: Mapping[str, str]) -> str:
    """Return the identifier of a resource by its attributes."""
    return "|".join(attributes.get(one, "") for one in schemas.primary(kind)) or attributes[""]


def _words(place: AccountRegion, stack: str, name: str, kind: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """Return what the forms above are filled with."""
    fixed = {path: properties.get(path[0]) for path in schemas.create_only(kind)}
    seed = hashlib.sha256(repr((place.account, place.region, stack, name, sorted(fixed.items(), key=repr))).encode())
    digits = seed.hexdigest()
    given = next((str(properties[one]) for one in _names(kind) if isinstance(properties.get(one), str)), "")
    return {
        "partition": partition(place.region),
        "region": place.region,
        "account": place.account,
        "name": given or _unnamed(kind, stack, name, digits),
        "id": f"a{digits[:11]}",
        "long": digits[:40],
        "uuid": str(UUID(digits[:32])),
        "provider": str(properties.get("Url", "")).removeprefix("https://"),
    }


def _names(kind: str) -> Iterator[str]:
    """Yield the properties that may name a resource of a type, the most likely first."""
    of_type = kind.rpartition("::")[2]
    own = schemas.schema_of(kind).get("properties", {})
    yield from (one for one in schemas.primary(kind) if one not in schemas.read_only(kind))
    likely = (f"{of_type}Name", "Name", "DisplayName")
    yield from (one for one in likely if one in own)
    yield from (one for one in own if (found := _NAME.fullmatch(one)) and found["of"] and found["of"] in of_type)


def _unnamed(kind: str, stack: str, name: str, digits: str) -> str:
    """Return the name that CloudFormation gives a resource whose template names none."""
    made = f"{stack[:24]}-{name}-{digits[:12].upper()}"
    named = next(iter(_names(kind)), "")
    wanted = schemas.about(kind, named) if named else {}
    small = made.lower()
    return next((one for one in (made, small, small.replace("-", "_")) if schemas.fits(one, wanted)), small)


def _attributes(kind: str, properties: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a new resource: the first form of an identifier that fits all patterns of its type."""
    fixed = {
        one: str(properties[one]) for one in schemas.primary(kind) if one in properties and properties[one] is not None
    }
    best: dict[str, str] = {}
    named = any(one in fixed or one not in schemas.read_only(kind) for one in schemas.primary(kind))
    for identifier in [*([words["name"]] if named else []), *_identifiers(words)]:
        made = {one: _value(kind, one, identifier, words) for one in {*schemas.read_only(kind), *schemas.primary(kind)}}
        right = {one: text for one, text in made.items() if text and schemas.fits(text, schemas.about(kind, one))}
        if len(right) > len(best):
            best = right
    return {**best, **fixed}


def _identifiers(words: Mapping[str, str]) -> list[str]:
    name, own = words["name"], words["id"]
    small = re.sub("[^a-z0-9-]", "-", name.lower())
    snake = re.sub("[^A-Za-z0-9_]", "_", name)
    return [f"{small}-{own[:10]}", f"{snake}-{own[:10]}", own, f"p-{own[:8]}", words["uuid"], name]


def _value(kind: str, attribute: str, identifier: str, words: Mapping[str, str]) -> str:
    if form := _GIVEN.get(kind, {}).get(attribute):
        return form.format_map({**words, "identifier": identifier})
    about = schemas.about(kind, attribute)
    if "enum" in about:
        return next((one for one in _READY if one in about["enum"]), str(about["enum"][0]))
    if about.get("format") == "date-time":
        return datetime.now(UTC).isoformat()
    if about.get("type") not in ("string", None):
        return ""
    if attribute.endswith(("Arn", "ARN")) and (_same(kind, attribute) or attribute in schemas.primary(kind)):
        return _arn(kind, identifier, words)
    if attribute in ("Name", f"{kind.rpartition('::')[2]}Name"):
        return words["name"]
    if attribute == "Version" or attribute.endswith("Version"):
        return "1" if not schemas.fits("DRAFT", about) else "DRAFT"
    if about.get("pattern", "").startswith(("^arn", "^(arn")) and attribute != "Arn":
        return _arn(kind, identifier, words)
    return identifier


def _same(kind: str, attribute: str) -> bool:
    """Return whether an attribute is the ARN of the resource itself."""
    return attribute.removesuffix("Arn") in ("", kind.rpartition("::")[2]) or attribute.removesuffix("Arn") in kind


def _arn(kind: str, identifier: str, words: Mapping[str, str]) -> str:
    third, service = kind.rpartition("::")[2], service_of(kind)
    form = _ARNS.get(kind) or f"{re.sub('(?<=[a-z])(?=[A-Z])', '-', third).lower()}/{identifier}"
    region = "" if service in _GLOBAL else words["region"]
    return f"arn:{words['partition']}:{service}:{region}:{words['account']}:{form.format_map(words)}"
