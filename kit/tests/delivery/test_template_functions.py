"""The emulated CloudFormation: what it makes of a template's functions, and how it says which it does not know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.local.aws_emulator.stacks import Stacks
from agentcore_kit.local.aws_emulator.templates import FUNCTIONS
from agentcore_kit.local.aws_protocol.wire import ApiError
from tests.delivery.runtime_world import World

HEAD = """
Parameters:
  Stage: {Type: String, Default: prod}
  Zones: {Type: CommaDelimitedList, Default: 'a,b,c'}
  Ports: {Type: List<Number>, Default: '80,443'}
Mappings:
  Sizes:
    prod: {memory: 2048, hosts: [one, two]}
    test: {memory: 512, hosts: []}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsTest]
  Either: !Or [!Condition IsProd, !Condition IsTest]
"""


def stacks(world: World) -> Stacks:
    return world.at("prod").stacks


def made(world: World, text: str, name: str = "my-agent-prod-extra", **parameters: str) -> Any:
    """Bring a template to the emulator, as a delivery does, and return its stack."""
    service = stacks(world)
    sent = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    service.create_change_set(
        {
            "StackName": name,
            "ChangeSetName": "c",
            "ChangeSetType": "CREATE",
            "TemplateBody": text,
            "Parameters": sent,
        }
    )
    service.execute_change_set({"StackName": name, "ChangeSetName": "c"})
    return service.stacks[name]


def value_of(world: World, expression: str, head: str = HEAD) -> Any:
    """Return what an expression is in a property of a resource."""
    text = f"{head}\nResources:\n  Topic:\n    Type: Custom::Topic\n    Properties:\n      Value: {expression}\n"
    assert read_template(text)
    return made(world, text).resources["Topic"].properties.get("Value", "left out")


LANGUAGE = "Transform: AWS::LanguageExtensions\n" + HEAD


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!FindInMap [Sizes, !Ref Stage, memory]", 2048),
        ("!FindInMap [Sizes, prod, hosts]", ["one", "two"]),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select ['0', !Split ['|', 'x|y']]", "x"),
        ("!Select [0, !GetAZs '']", "eu-central-1a"),
        ("!GetAZs us-east-1", ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ("!Join ['-', !Split [',', 'x,y']]", "x-y"),
        ("!Join [',', !Ref Ports]", "80,443"),
        ("!Base64 hello", "aGVsbG8="),
        ("{'Fn::Base64': !Sub 'stage ${Stage}'}", "c3RhZ2UgcHJvZA=="),
        ("!Cidr ['10.0.0.0/24', 2, 5]", ["10.0.0.0/27", "10.0.0.32/27"]),
        ("!Cidr ['2001:db8::/56', 2, 64]", ["2001:db8::/64", "2001:db8:0:1::/64"]),
        ("!If [IsProd, big, small]", "big"),
        ("!If [IsTest, big, !Ref 'AWS::NoValue']", "left out"),
        ("!If [Both, x, !If [Either, y, z]]", "y"),
        ("[a, !Ref 'AWS::NoValue']", ["a"]),
        ("!Sub '${AWS::Partition}.${AWS::URLSuffix}'", "aws.amazonaws.com"),
        ("!Sub '${Stage}/${!Literal}'", "prod/${Literal}"),
        ("!Sub ['${name}-${Stage}', {name: !Select [0, !Ref Zones]}]", "a-prod"),
        ("!ImportValue network-vpc", "imported:network-vpc"),
        ("'{{resolve:ssm:/agentops/vpc}}'", "{{resolve:ssm:/agentops/vpc}}"),
        (
            "{Statement: [{Effect: Allow, Condition: {StringEquals: {a: b}}}]}",
            {"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {"a": "b"}}}]},
        ),
        ("{Condition: {StringEquals: {a: b}}}", {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_functions(world: World, expression: str, expected: Any) -> None:
    assert value_of(world, expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{'Fn::Length': !Ref Zones}", 3),
        ("{'Fn::ToJsonString': {a: !Ref Stage, b: [1, !Ref 'AWS::NoValue']}}", '{"a":"prod","b":[1]}'),
        ("!FindInMap [Sizes, nowhere, memory, {DefaultValue: 128}]", 128),
    ],
)
def test_functions_of_the_language_extensions(world: World, expression: str, expected: Any) -> None:
    assert value_of(world, expression, LANGUAGE) == expected


def test_for_each_makes_resources_properties_and_outputs(world: World) -> None:
    text = (
        LANGUAGE
        + """
Resources:
  Fn::ForEach::Topics:
    - Zone
    - !Ref Zones
    - Topic${Zone}:
        Type: Custom::Topic
        Properties:
          DisplayName: !Sub 'topic ${Zone}'
          Fn::ForEach::Names: [Size, [Small, Large], {'Name${Size}': !Ref Size}]
Outputs:
  Fn::ForEach::Names:
    - Zone
    - !Ref Zones
    - 'Name${Zone}': {Value: !GetAtt ['Topic${Zone}', Arn]}
"""
    )
    stack = made(world, text)
    assert sorted(stack.resources) == ["Topica", "Topicb", "Topicc"]
    assert stack.resources["Topicb"].properties == {
        "DisplayName": "topic b",
        "NameSmall": "Small",
        "NameLarge": "Large",
    }
    assert "Topicb" in stack.outputs["Nameb"]


def test_a_resource_of_a_type_of_ones_own_has_every_attribute(world: World) -> None:
    text = "Resources: {Q: {Type: Custom::Queue}}\nOutputs: {U: {Value: !GetAtt Q.QueueUrl}, N: {Value: !Ref Q}}"
    assert made(world, text).outputs == {"U": "my-agent-prod-extra-Q.QueueUrl", "N": "my-agent-prod-extra-Q"}


def test_an_import_is_what_another_stack_exports(world: World) -> None:
    output = "{V: {Value: vpc-1, Export: {Name: shared-vpc}}}"
    made(world, f"Resources: {{T: {{Type: AWS::SNS::Topic}}}}\nOutputs: {output}", "n")
    assert value_of(world, "!ImportValue shared-vpc") == "vpc-1"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("T: {Type: AWS::SNS::Topic, Properties: {Value: !GetStackOutput [a, b]}}", "resource T: Fn::GetStackOutput"),
        ("T: {Type: AWS::SNS::Topic, Properties: {A: {B: [!Transform {Name: Mine}]}}}", "resource T: Fn::Transform"),
        ("T: {Type: AWS::SNS::Topic, Properties: {V: {'Fn::Length': [a]}}}", "resource T: Fn::Length"),
        ("'Fn::ForEach::X': [A, [b], {'T${A}': {Type: AWS::SNS::Topic}}]", "Resources: Fn::ForEach"),
    ],
)  # fmt: skip
def test_what_it_does_not_know_is_one_line(world: World, section: str, said: str) -> None:
    with pytest.raises(ApiError) as caught:
        made(world, f"Resources:\n  {section}\n")
    assert "infra/extra.yaml" in caught.value.message
    assert said in caught.value.message
    assert "rehearsal" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("transform", ["AWS::Serverless-2016-10-31", "[AWS::LanguageExtensions, MyMacro]"])
def test_a_transform_that_it_does_not_know_is_one_line(world: World, transform: str) -> None:
    with pytest.raises(ApiError, match=r"infra/extra.yaml.*Transform (AWS::Serverless|MyMacro)"):
        made(world, f"Transform: {transform}\nResources: {{T: {{Type: AWS::SNS::Topic}}}}")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("!FindInMap [Sizes, nowhere, memory]", "Unable to get mapping for Sizes::nowhere::memory"),
        ("!FindInMap [None, prod, memory]", "Unable to get mapping for None::prod::memory"),
        ("!Select [9, !Ref Zones]", "resource Topic: Fn::Select"),
        ("!Cidr [nonsense, 2, 5]", "resource Topic: Fn::Cidr"),
        ("!Ref Nothing", "there is no Nothing"),
        ("!If [Nowhere, a, b]", "resource Topic: Fn::If"),
        ("!Join [',']", "resource Topic: Fn::Join"),
    ],
)
def test_a_function_that_is_used_wrongly_is_one_line(world: World, expression: str, said: str) -> None:
    with pytest.raises(ApiError) as caught:
        value_of(world, expression)
    assert said in caught.value.message
    assert "infra/extra.yaml" in caught.value.message
    assert "\n" not in caught.value.message


RULES = """
Rules:
  Production:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions:
      - Assert: {'Fn::Contains': [[eu-central-1, eu-west-1], !Ref Region]}
        AssertDescription: production is in Europe
      - Assert: {'Fn::EachMemberIn': [!Ref Zones, [a, b, c]]}
Resources: {T: {Type: AWS::SNS::Topic}}
"""
REGION = HEAD.replace("Mappings:", "  Region: {Type: String, Default: eu-west-1}\nMappings:")


def test_rules_hold_before_anything_is_made(world: World) -> None:
    made(world, REGION + RULES)
    made(world, REGION + RULES, "b-test-extra", Stage="test", Region="us-east-1")
    with pytest.raises(ApiError, match=r"Production.*production is in Europe"):
        made(world, REGION + RULES, "c-prod-extra", Region="us-east-1")
    assert "c-prod-extra" not in stacks(world).stacks


@pytest.mark.parametrize(
    ("about", "value", "said"),
    [
        ("{Type: Number}", "many", "Parameter P failed to satisfy constraint"),
        ("{Type: String, MinLength: 3}", "ab", "Parameter P failed to satisfy constraint"),
        ("{Type: String, MaxLength: 1}", "ab", "Parameter P failed to satisfy constraint"),
    ],
)
def test_parameters_are_checked(world: World, about: str, value: str, said: str) -> None:
    with pytest.raises(ApiError, match=said):
        made(world, f"Parameters: {{P: {about}}}\nResources: {{T: {{Type: AWS::SNS::Topic}}}}", P=value)


def test_the_functions_that_it_knows_are_documented() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    limits = readme.partition("## Limits of the emulated CloudFormation")[2].partition("\n## ")[0]
    assert {*FUNCTIONS, "Fn::ForEach"} <= set(re.findall(r"`([\w:]+)`", limits))
