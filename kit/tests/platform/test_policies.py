"""The policies of a platform: what they decide, what is listed, and that each planted fault is found."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.policies.analysis import findings
from agentcore_kit.policies.engine import PolicySet, load
from agentcore_kit.policies.refresh import refresh
from agentcore_kit.policies.schema import cedar_input, left_out
from agentcore_kit.policies.table import outcomes
from tests.delivery.shell import typed

ADJUSTER, JUNIOR, SENIOR = (
    {"sub": role, "role": role} for role in ("claims-adjuster", "junior-analyst", "senior-analyst")
)
PAY, COMPENSATION, MARKETS = "examples___payClaim", "examples___getCompensation", "market-data___getMarketData"


@pytest.fixture
def folder(repository: Path) -> Path:
    return repository / "policies"


@pytest.fixture
def policies(folder: Path) -> PolicySet:
    return load(folder)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def write(folder: Path, name: str, head: str, condition: str = "", effect: str = "permit") -> None:
    scope = f'principal is AgentCore::OAuthUser, {head}, resource == AgentCore::Gateway::"${{gateway}}"'
    (folder / f"{name}.cedar").write_text(f'@id("{name}")\n{effect} ({scope})\n{condition};\n', encoding="utf-8")


def problems(folder: Path) -> str:
    found = load(folder)
    return "\n".join(findings(found, outcomes(folder, found)))


@pytest.mark.parametrize(
    ("claims", "tool", "arguments", "allowed", "by"),
    [
        (ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": 1_000_000}, True, ("claims_paid_by_adjusters",)),
        (ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": 1_000_000.5}, False, ("claims_over_one_million",)),
        (JUNIOR, COMPENSATION, {"group": "executives"}, False, ("executive_compensation",)),
        (SENIOR, COMPENSATION, {"group": "executives"}, True, ("compensation_for_analysts",)),
        ({"sub": "guest"}, MARKETS, {"region": "EMEA", "dataType": "revenue"}, False, ()),
    ],
)
def test_a_call_is_decided_by_claims_and_parameters(
    policies: PolicySet, claims: dict[str, str], tool: str, arguments: dict[str, object], allowed: bool, by: tuple[str]
) -> None:
    found = policies.decide(claims, tool, arguments)
    assert (found.allowed, found.policy_ids, found.errors) == (allowed, by, ())


@pytest.mark.parametrize(
    ("claims", "tool", "arguments", "said"),
    [
        (ADJUSTER, PAY, {"claimId": "C-1"}, "amountUsd"),
        (ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": "1"}, ""),
        (ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": 1e40}, "outside of the range"),
        (ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": float("nan")}, "outside of the range"),
        (ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": 1, "approved": True}, "approved"),
        (ADJUSTER, "examples___nothing", {}, "no tool examples___nothing"),
        ({"role": "claims-adjuster"}, PAY, {"claimId": "C-1", "amountUsd": 1}, "no sub"),
        ({"sub": "a\n", "role": "claims-adjuster"}, PAY, {"claimId": "C-1", "amountUsd": 1}, "no sub"),
        (JUNIOR, COMPENSATION, {"group": "staff", "year": 2**70}, ""),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_reason(
    policies: PolicySet, claims: dict[str, str], tool: str, arguments: dict[str, object], said: str
) -> None:
    found = policies.decide(claims, tool, arguments)
    assert not found.allowed
    assert found.errors
    assert said in found.errors[0]


def test_a_user_with_quotes_in_the_name_is_only_that_user(policies: PolicySet) -> None:
    hostile = {"sub": '"; permit \\" \u00e9', "role": "claims-adjuster"}
    assert policies.decide(hostile, PAY, {"claimId": "C-1", "amountUsd": 1}).allowed


def test_a_tool_is_listed_when_some_parameters_are_allowed(policies: PolicySet, folder: Path) -> None:
    assert policies.may_call(JUNIOR, COMPENSATION)
    assert policies.may_call(JUNIOR, MARKETS)
    assert not policies.may_call(JUNIOR, PAY)
    assert not policies.may_call({"sub": "guest"}, MARKETS)
    assert not policies.may_call(JUNIOR, "examples___nothing")
    write(folder, "nobody_is_paid", f'action == AgentCore::Action::"{PAY}"', effect="forbid")
    assert not load(folder).may_call(ADJUSTER, PAY)


def test_what_is_known_of_one_user_holds_for_no_other(policies: PolicySet) -> None:
    arguments = {"claimId": "C-1", "amountUsd": 1}
    for _ in range(2):
        assert policies.decide(ADJUSTER, PAY, arguments).allowed
        assert not policies.decide({**ADJUSTER, "role": "guest"}, PAY, arguments).allowed
        assert policies.decide({"sub": "\ud800", **JUNIOR, "role": "\ud800"}, MARKETS, {}).errors


def test_of_tools_that_no_policy_names_users_may_call_all_or_none(folder: Path) -> None:
    described = [{"name": name, "description": "x", "inputSchema": {"type": "object"}} for name in ("a", "b")]
    (folder / "tools" / "other.json").write_text(json.dumps({"tools": described}))
    condition = 'when { principal.hasTag("role") && principal.getTag("role") like "junior*" }'
    write(folder, "all_for_juniors", "action", condition)
    policies = load(folder)
    assert [policies.names(tool) for tool in (PAY, "other___a", "other___b")] == [True, False, False]
    for claims, allowed in ((JUNIOR, True), (SENIOR, False)):
        assert [policies.may_call(claims, f"other___{tool}") for tool in "ab"] == [allowed] * 2


def test_parameters_become_cedar_values() -> None:
    schema = {
        "type": "object",
        "properties": {
            "rates": {"type": "array", "items": {"type": "number"}},
            "address": {"$ref": "#/$defs/Address"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "day": {"type": "string", "format": "date"},
        },
        "required": ["rates"],
        "$defs": {"Address": {"type": "object", "properties": {"zip": {"type": "string"}, "no": {"type": "integer"}}}},
    }
    given = {"rates": [1, 0.123456], "address": {"zip": "8", "no": None}, "note": "x", "day": "2026-01-01"}
    assert left_out(schema) == ["note"]
    assert cedar_input(given, schema) == {
        "rates": [{"__extn": {"fn": "decimal", "arg": each}} for each in ("1.0000", "0.1234")],
        "address": {"zip": "8"},
        "day": "2026-01-01",
    }


def test_many_threads_get_their_own_decisions(policies: PolicySet) -> None:
    def ask(number: int) -> bool:
        return policies.decide(ADJUSTER, PAY, {"claimId": "C", "amountUsd": 999_900 + number}).allowed

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(400))) == [number <= 100 for number in range(400)]


def test_a_thousand_decisions_take_less_than_a_second_of_the_processor(policies: PolicySet) -> None:
    best = min(_seconds_of_500(policies) for _ in range(3))
    assert best * 2 < 1


def _seconds_of_500(policies: PolicySet) -> float:
    started = time.thread_time()
    for _ in range(500):
        policies.decide(ADJUSTER, PAY, {"claimId": "C-1", "amountUsd": 5})
    return time.thread_time() - started


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amountUsd", "amount", "claims_over_one_million.cedar:8:"),
        ("examples___payClaim", "examples___paidClaim", "policies/tools has no examples___paidClaim"),
        ('"${gateway}"', '"company-tools"', 'needs resource == AgentCore::Gateway::"${gateway}"'),
        ('@id("claims_over_one_million")', '@id("other")', 'needs @id("claims_over_one_million")'),
        ("forbid (", "forbid principal (", "is no Cedar"),
        (".greaterThan(decimal(\"1000000.0\"))", " > 1000000", "expected Long but saw decimal"),
        ("when {", "when { true };\n@id(\"b\") forbid(principal, action, resource) when {", "has 2 policies"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_refused_with_file_and_line(folder: Path, old: str, new: str, said: str) -> None:
    edit(folder / "claims_over_one_million.cedar", old, new)
    with pytest.raises(ConfigError) as refused:
        load(folder)
    assert "policies/claims_over_one_million.cedar:" in str(refused.value)
    assert said in str(refused.value)


def test_a_policy_is_as_long_as_the_service_takes_it(folder: Path) -> None:
    edit(folder / "claims_over_one_million.cedar", "// No agent", f"// {'x' * 10_000}\n// No agent")
    with pytest.raises(ConfigError, match="AWS takes 35 to 10000"):
        load(folder)


def test_the_starters_policies_have_no_finding(folder: Path) -> None:
    assert problems(folder) == ""


def test_a_policy_that_never_applies_is_found(folder: Path) -> None:
    condition = 'when { principal.hasTag("role") && principal.getTag("role") == "analyst" && 1 > 2 }'
    write(folder, "never", f'action == AgentCore::Action::"{MARKETS}"', condition)
    assert "never.cedar: never: never applies" in problems(folder)


def test_a_policy_that_no_row_shows_is_found(folder: Path) -> None:
    condition = 'when { context.input.amountUsd.lessThan(decimal("0.0")) }'
    write(folder, "negative", f'action == AgentCore::Action::"{PAY}"', condition, "forbid")
    assert "negative.cedar: negative: decides no row" in problems(folder)


@pytest.mark.parametrize("condition", ["", "when { true }", 'when { principal.hasTag("x") || 1 < 2 }'])
def test_a_policy_that_always_allows_is_found(folder: Path, condition: str) -> None:
    write(folder, "generous", f'action == AgentCore::Action::"{MARKETS}"', condition)
    assert f"generous: always allows {MARKETS}, to everybody" in problems(folder)


def test_a_mistyped_claim_value_or_parameter_is_found(folder: Path) -> None:
    edit(folder / "executive_compensation.cedar", '("role")', '("rolle")')
    edit(folder / "claims_paid_by_adjusters.cedar", '"claims-adjuster"', '"claim-adjuster"')
    edit(
        folder / "market_data_readers.cedar", "principal.hasTag", 'context.input.region == "EMEAA" || principal.hasTag'
    )
    edit(folder / "market_data_readers.cedar", '"market-data___getMarketData",', '"market-data___getMarketData"')
    for other in ("list", "add", "remove"):
        text = (folder / "market_data_readers.cedar").read_text(encoding="utf-8").splitlines()
        kept = [line for line in text if f"market-data___{other}" not in line]
        (folder / "market_data_readers.cedar").write_text("\n".join(kept), encoding="utf-8")
    found = problems(folder)
    assert "reads the claim rolle, which no caller of decisions.yaml has; did you mean role?" in found
    assert "'claim-adjuster', which no caller of decisions.yaml has; add a row whose caller has role: claim-" in found
    assert "region is never 'EMEAA'; the tool takes 'AMER', 'APAC', 'EMEA'" in found


def test_a_claim_that_no_policy_reads_and_a_tool_without_policy_are_found(folder: Path) -> None:
    edit(folder / "decisions.yaml", "claims: {sub: guest}", "claims: {sub: guest, roles: analyst}")
    tools = json.loads((folder / "tools/examples.json").read_text(encoding="utf-8"))
    tools["tools"].append({"name": "dismiss", "inputSchema": {"type": "object", "properties": {}}})
    (folder / "tools/examples.json").write_text(json.dumps(tools), encoding="utf-8")
    found = problems(folder)
    assert "callers have the claim roles, which no policy reads; did you mean role?" in found
    assert "no policy names examples___dismiss, so nobody may call it" in found


def test_the_command_ends_with_1_for_a_failing_row_and_2_for_a_wrong_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = typed(capsys, "policies")
    assert (code, "all right" in out) == (0, True)
    edit(folder / "claims_over_one_million.cedar", "1000000.0", "2000000.0")
    code, out, err = typed(capsys, "policies")
    assert code == 1
    assert "FAILED" in out
    assert "must be refused by claims_over_one_million, but is allowed by claims_paid_by_adjusters" in err
    edit(folder / "decisions.yaml", "allowed: true", "allowed: perhaps")
    code, _, err = typed(capsys, "policies")
    assert (code, "policies/decisions.yaml:9: decisions[0].allowed: " in err) == (2, True)


def test_an_environment_alone_is_told_what_it_goes_with(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = typed(capsys, "policies", "--env", "dev")
    assert (code, err.startswith("error: --env goes with"), "\nnext:  kit policies --render" in err) == (2, True, True)


def test_a_target_is_refreshed_from_the_contract_of_a_tool(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = folder.parent / "contract.json"
    tool = {"name": "convert", "inputSchema": {"type": "object", "properties": {}}, "outputSchema": {"type": "object"}}
    source.write_text(json.dumps({"calls": [], "tools": [tool]}), encoding="utf-8")
    code, out, _ = typed(capsys, "policies", "--refresh", "currencies", "--from", str(source))
    assert (code, "policies/tools/currencies.json is written" in out) == (0, True)
    assert "currencies___convert" in load(folder).files.tools
    before = (folder / "tools/currencies.json").read_bytes()
    source.write_text('{"tools": null}', encoding="utf-8")
    with pytest.raises(ConfigError, match="has no list of tools"):
        refresh(folder, "currencies", str(source))
    source.write_text('{"tools": [{"name": "x"}]}', encoding="utf-8")
    with pytest.raises(ConfigError, match="no list of tools with name and inputSchema"):
        refresh(folder, "currencies", str(source))
    with pytest.raises(ConfigError, match="no name of a target"):
        refresh(folder, "../x", str(source))
    assert (folder / "tools/currencies.json").read_bytes() == before
