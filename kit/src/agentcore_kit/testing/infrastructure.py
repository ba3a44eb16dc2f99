"""The platform's rules for the templates in `infra/`, for a repository's own tests: they list nothing of what there is.

Each rule yields what breaks it, one line each, which begins with the file to change. What breaks a rule for a good
reason says so beside the resource, where a reviewer sees it:

    Metadata: {Reviewed: {SidOfTheStatement: why it cannot be narrower}}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.infrastructure import templates

TAGS = {"owner", "cost-center", "use-case-id"}
"""The tags of every resource: who owns it, and who pays."""

ENDPOINT = "endpoint"
"""The template of the endpoint `live`, which no deployment updates."""

_SECRETS = ("password", "secret", "accesskey", "credential")
_REFERENCES = ("arn", "arns", "name", "id")

Rule = Callable[[], Iterator[str]]
"""Yields what breaks it, one line each, which begins with the file to change."""


@dataclass(frozen=True)
class Resource:
    """A resource of a template.

    Attributes:
        template: The template's name: `role` for `infra/role.yaml`.
        name: Its name in the template.
        body: Type, properties, metadata and so on.
    """

    template: str
    name: str
    body: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its properties; empty where it has none."""
        return self.body.get("Properties") or {}

    @property
    def reviewed(self) -> Mapping[str, str]:
        """The reasons that stand beside it, by what they are for."""
        return (self.body.get("Metadata") or {}).get("Reviewed") or {}

    def breaks(self, what: str) -> str:
        """Return a line that says what is wrong with it."""
        return f"infra/{self.template}.yaml: {self.name}: {what}"

    def unreviewed(self, key: str, what: str) -> Iterator[str]:
        """Yield a line unless the reason for it stands beside the resource."""
        if not str(self.reviewed.get(key) or "").strip():
            yield self.breaks(f"{what}, or write the reason beside it: Metadata: {{Reviewed: {{{key}: why}}}}")


def resources(kind: str = "") -> Iterator[Resource]:
    """Yield the resources of all templates of a type, or of a service: `AWS::IAM::Role`, `AWS::IAM::`, or all."""
    for template, content in templates().items():
        for name, body in content.get("Resources", {}).items():
            if kind in ("", body["Type"]) or (kind.endswith("::") and body["Type"].startswith(kind)):
                yield Resource(template, name, body)


def statements() -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Yield all that IAM policies allow, also what is allowed under a condition, each with its resource."""
    for resource in resources("AWS::IAM::"):
        documents = [policy.get("PolicyDocument", {}) for policy in _branches(resource.properties.get("Policies", []))]
        documents += [resource.properties.get("PolicyDocument", {})]
        for document in documents:
            for statement in _branches(document.get("Statement", [])):
                if statement.get("Effect") == "Allow":
                    yield resource, statement


def _branches(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the groups that a property has, of whatever `Fn::If` chooses, without `AWS::NoValue`."""
    if isinstance(value, list):
        for each in value:
            yield from _branches(each)
    elif isinstance(value, dict) and "Fn::If" in value:
        yield from _branches(value["Fn::If"][1:])
    elif isinstance(value, dict) and "Ref" not in value:
        yield value


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def every_resource_says_who_owns_and_pays() -> Iterator[str]:
    """Every resource has the tags owner, cost-center and use-case-id."""
    for resource in resources():
        tags = resource.properties.get("Tags", {})
        keys = {tag.get("Key") for tag in _branches(tags)} if isinstance(tags, list) else {*tags}
        if missing := TAGS - keys:
            yield from resource.unreviewed("Tags", f"has no tag {', '.join(sorted(missing))}; add it under Tags")


def permissions_are_narrow() -> Iterator[str]:
    """Actions and resources are named one by one; a wildcard has its reason."""
    for resource, statement in statements():
        sid = statement.get("Sid")
        if sid is None:
            yield resource.breaks(f"the statement that allows {_many(statement.get('Action'))[0]} needs a Sid")
            continue
        if other := [key for key in ("NotAction", "NotResource") if key in statement]:
            yield from resource.unreviewed(sid, f"{sid} has {other[0]}, which allows all else; name what it may")
        if wide := [action for action in _many(statement.get("Action", [])) if "*" in action]:
            yield from resource.unreviewed(sid, f"{sid} allows {', '.join(wide)}; name each action")
        if any("*" in str(each) for each in _many(statement.get("Resource", []))):
            yield from resource.unreviewed(sid, f"{sid} allows it on resources with a wildcard; name them")


def reasons_are_of_something() -> Iterator[str]:
    """A reason that stands beside a resource is for something that the resource has."""
    sids: dict[tuple[str, str], set[str]] = {}
    for resource, statement in statements():
        sids.setdefault((resource.template, resource.name), set()).add(statement.get("Sid", ""))
    for resource in resources():
        known = sids.get((resource.template, resource.name), set()) | {"Tags", "ManagedPolicyArns", "Trust"}
        for key in resource.reviewed.keys() - known:
            yield resource.breaks(f"Metadata.Reviewed names {key}, which it has no statement for; remove it")


def roles_are_assumed_by_a_service_for_this_account_only() -> Iterator[str]:
    """A role trusts an AWS service on behalf of this account, has the boundary, and grants nothing unseen."""
    for role in resources("AWS::IAM::Role"):
        for trust in _branches(role.properties["AssumeRolePolicyDocument"]["Statement"]):
            source = trust.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
            if set(trust.get("Principal", {})) != {"Service"} or source != {"Ref": "AWS::AccountId"}:
                need = "trust one AWS service, with Condition StringEquals aws:SourceAccount !Ref AWS::AccountId"
                yield from role.unreviewed("Trust", f"can be assumed by others; {need}")
        if "PermissionsBoundary" not in role.properties:
            need = "PermissionsBoundary: !If [IsBounded, !Ref PermissionsBoundary, !Ref AWS::NoValue]"
            yield role.breaks(f"lacks the platform's boundary; add {need}")
        if "ManagedPolicyArns" in role.properties:
            unseen = "has policies that are not seen here; write out what it needs"
            yield from role.unreviewed("ManagedPolicyArns", unseen)


def logs_end_some_day_and_can_be_encrypted() -> Iterator[str]:
    """A log group has a retention, the platform's key where there is one, and outlives its stack."""
    for group in resources("AWS::Logs::LogGroup"):
        if missing := {"RetentionInDays", "KmsKeyId"} - group.properties.keys():
            yield group.breaks(f"has no {', '.join(sorted(missing))}; refer to LogRetentionDays and LogKeyArn")
        kept = (group.body.get("DeletionPolicy"), group.body.get("UpdateReplacePolicy"))
        if kept != ("RetainExceptOnCreate", "Retain"):
            yield group.breaks("needs DeletionPolicy: RetainExceptOnCreate and UpdateReplacePolicy: Retain")


def every_alarm_reaches_somebody() -> Iterator[str]:
    """An alarm says whom it tells, itself or as a part of a composite alarm of its template."""
    composite = list(resources("AWS::CloudWatch::CompositeAlarm"))
    parts = {(alarm.template, name) for alarm in composite for name in _many(alarm.body.get("DependsOn", []))}
    for alarm in (*resources("AWS::CloudWatch::Alarm"), *composite):
        if (alarm.template, alarm.name) not in parts and not alarm.properties.get("AlarmActions"):
            need = "AlarmActions: !If [HasTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]"
            yield alarm.breaks(f"tells nobody; add {need}")


def no_deployment_can_move_callers() -> Iterator[str]:
    """An endpoint is in the template of its own, which no deployment updates."""
    for endpoint in resources("AWS::BedrockAgentCore::RuntimeEndpoint"):
        if endpoint.template != ENDPOINT:
            yield endpoint.breaks(f"every deployment would move callers; endpoints belong into infra/{ENDPOINT}.yaml")


def only_an_image_by_digest_is_deployed() -> Iterator[str]:
    """The parameter of an image takes no tag, which could be moved."""
    for name, template in templates().items():
        image = template.get("Parameters", {}).get("ImageUri")
        if image and "@sha256:" not in image.get("AllowedPattern", ""):
            yield f"infra/{name}.yaml: ImageUri: could be a tag; its AllowedPattern must demand @sha256:"


def every_runtime_says_who_may_call_it() -> Iterator[str]:
    """A runtime has an authorizer, for its users' tokens or by IAM where the template chooses."""
    for runtime in resources("AWS::BedrockAgentCore::Runtime"):
        if "AuthorizerConfiguration" not in runtime.properties:
            yield runtime.breaks("knows no users; add AuthorizerConfiguration, with a CustomJWTAuthorizer")


def no_secret_is_a_parameter() -> Iterator[str]:
    """A secret is in Secrets Manager; a template gets where it is, not what it is."""
    for template, content in templates().items():
        for name in content.get("Parameters", {}):
            word = name.lower()
            if any(secret in word for secret in _SECRETS) and not word.endswith(_REFERENCES):
                need = f"keep it in Secrets Manager, and pass its ARN as {name}Arn"
                yield f"infra/{template}.yaml: {name}: is a secret in a parameter, which anybody can read; {need}"


RULES: tuple[Rule, ...] = (
    every_resource_says_who_owns_and_pays,
    permissions_are_narrow,
    reasons_are_of_something,
    roles_are_assumed_by_a_service_for_this_account_only,
    logs_end_some_day_and_can_be_encrypted,
    every_alarm_reaches_somebody,
    no_deployment_can_move_callers,
    only_an_image_by_digest_is_deployed,
    every_runtime_says_who_may_call_it,
    no_secret_is_a_parameter,
)
"""All rules. A repository's test takes them one by one, so that each is seen by its name."""
