"""One operation on a stack, as CloudFormation carries it out: in order, told in events, undone where it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from agentcore_kit.local.aws_emulator import any_resource
from agentcore_kit.local.aws_emulator.iam import tags_in
from agentcore_kit.local.aws_emulator.iam_handlers import Handled
from agentcore_kit.local.aws_emulator.replacement import replaced_by
from agentcore_kit.local.aws_emulator.resources import Resource, Resources
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.stack_state import Stack

Wanted = Callable[[str], Resource]
"""Gives a resource as the template wants it, by its logical name; without attributes, as it is not made yet."""

_KEPT = ("Retain", "RetainExceptOnCreate")
"""The policies with which a resource outlives its stack."""


@dataclass(frozen=True)
class _Step:
    """What was begun: a resource that was made, changed or replaced, and what it was before."""

    name: str
    before: Resource | None
    replaces: bool = False


class Operation:
    """Makes, changes and removes the resources of a stack, and tells it in the stack's events."""

    def __init__(self, stack: Stack, resources: Resources, status: str, token: str = "") -> None:
        """Begin.

        Args:
            stack: The stack, whose resources and events change.
            resources: Makes and removes resources.
            status: What is told of the stack now, such as UPDATE_IN_PROGRESS.
            token: The ClientRequestToken of who asked for it; empty without one.
        """
        self._stack, self._resources, self._token, self._id = stack, resources, token, str(uuid4())
        self._steps: list[_Step] = []
        self.tags = tags_in(stack.tags)
        self.tell(status, "User Initiated")

    def tell(self, status: str, reason: str = "", name: str = "", kind: str = "AWS::CloudFormation::Stack") -> None:
        """Add an event, of a resource by its logical name or of the stack itself."""
        stack = self._stack
        event = {
            "StackId": stack.id,
            "EventId": str(uuid4()),
            "StackName": stack.name,
            "OperationId": self._id,
            "LogicalResourceId": name or stack.name,
            "ResourceType": kind,
            "Timestamp": datetime.now(UTC),
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
            **({"ClientRequestToken": self._token} if self._token else {}),
        }
        stack.events.insert(0, event)

    def make(self, names: Iterable[str], wanted: Wanted) -> None:
        """Make and change resources in the given order.

        Raises:
            ApiError: When one of them fails; `undo` then brings back what was.
        """
        for name in names:
            new: Resource | None = None
            try:
                new = wanted(name)
                self._make(name, new)
            except ApiError as error:
                failed = f"{'UPDATE' if name in self._stack.resources else 'CREATE'}_FAILED"
                self.tell(failed, error.message, name, new.type if new else "AWS::CloudFormation::Stack")
                raise

    def _make(self, name: str, new: Resource) -> None:
        stack, known = self._stack, self._stack.resources.get(name)
        if known and known.properties == new.properties:
            known.deletion, known.replacement = new.deletion, new.replacement
            return
        replaces = known is not None and bool(replaced_by(new.type, known.properties, new.properties))
        verb = "UPDATE" if known else "CREATE"
        self._steps.append(_Step(name, known, replaces))
        self.tell(f"{verb}_IN_PROGRESS", "", name, new.type)
        attributes = {} if known is None or replaces else known.attributes
        self._allow(verb.lower() if not replaces else "create", name, new, known)
        new.attributes = self._resources.make(stack.name, name, new.type, new.properties, attributes)
        stack.resources[name] = new
        self.tell(f"{verb}_COMPLETE", "", name, new.type)

    def undo(self, *, retain: bool) -> None:
        """Bring back what was, the last step first: also the step that failed is undone.

        Args:
            retain: Whether a new resource with the DeletionPolicy Retain stays, and belongs to no stack any more.

        Raises:
            ApiError: When something cannot be undone.
        """
        stack = self._stack
        for step in reversed(self._steps):
            now, before = stack.resources.get(step.name), step.before
            if before is None or step.replaces:
                if now is not None and now is not before:
                    self._remove(step.name, now, kept=retain and now.deletion == "Retain")
                stack.resources.pop(step.name, None)
            else:
                self.tell("UPDATE_IN_PROGRESS", "", step.name, before.type)
                try:
                    attributes = before.attributes
                    made = self._resources.make(stack.name, step.name, before.type, before.properties, attributes)
                except ApiError as error:
                    self.tell("UPDATE_FAILED", error.message, step.name, before.type)
                    raise
                before.attributes = made
                self.tell("UPDATE_COMPLETE", "", step.name, before.type)
            if before is not None:
                stack.resources[step.name] = before

    def clean_up(self, gone: Iterable[str]) -> None:
        """Delete what was replaced, and what the template has no longer; a failure is told, and changes nothing.

        Args:
            gone: The logical names of what the template has no longer.
        """
        stack = self._stack
        old = [(each.name, each.before) for each in self._steps if each.replaces and each.before]
        for name, resource in old:
            self._try_to_remove(name, resource, kept=stack.resources[name].replacement in _KEPT)
        for name in gone:
            resource = stack.resources.pop(name)
            self._try_to_remove(name, resource, kept=resource.deletion in _KEPT)

    def delete_all(self) -> None:
        """Delete what is in the stack, the last one first.

        Raises:
            ApiError: When a resource cannot be deleted.
        """
        for name, resource in reversed(list(self._stack.resources.items())):
            self._remove(name, resource, kept=resource.deletion in _KEPT)
            del self._stack.resources[name]

    def _remove(self, name: str, resource: Resource, *, kept: bool) -> None:
        if kept:
            self.tell("DELETE_SKIPPED", "", name, resource.type)
            return
        self.tell("DELETE_IN_PROGRESS", "", name, resource.type)
        try:
            self._allow("delete", name, resource)
            self._resources.remove(resource)
        except ApiError as error:
            self.tell("DELETE_FAILED", error.message, name, resource.type)
            raise
        self.tell("DELETE_COMPLETE", "", name, resource.type)

    def _allow(self, verb: str, name: str, resource: Resource, before: Resource | None = None) -> None:
        """Raise ApiError unless who has called CloudFormation may do what the resource's handler does."""
        known = resource if verb == "delete" else before if verb == "update" else None
        named = known.attributes[""] if known else f"{self._stack.name}-{name}"
        properties = before.properties if before else {}
        made = (before or resource).properties
        arn = any_resource.arn_of(self._resources.place, self._stack.name, name, resource.type, made)
        self._resources.allow(Handled(verb, resource.type, resource.properties, named, properties, self.tags, arn))

    def _try_to_remove(self, name: str, resource: Resource, *, kept: bool) -> None:
        try:
            self._remove(name, resource, kept=kept)
        except ApiError:
            return  # CloudFormation tries some times, then leaves it: its events say so
