"""No regular expression of the kit takes longer than its text is long: found by themselves, of every kind."""

from __future__ import annotations

import re

from tests.patterns import CLASSES, growth, likes, patterns, repeated, use

ESCAPED = "texts that stand for themselves, between fixed ends"
LIMITED = "what it is used on is short: limited before, or of the repository's own files"
MADE_BY_CALLERS = {f"agentcore_kit.{name}": why for name, why in {
    "authoring.adopted_text._replace_lines": LIMITED, "authoring.drafted_rows.questions": ESCAPED,
    "checks.rename._left": ESCAPED, "checks.rename._renamed": ESCAPED, "config.component_name.mentions": ESCAPED,
    "config.delivery._left_out": LIMITED, "delivery.memory.deployment.existing": ESCAPED,
    "delivery.contract.matches": LIMITED, "delivery.doctor_looks._wrong_form": LIMITED,
    "evaluation.trace_import.mask": ESCAPED, "runtime.masking.register": ESCAPED,
    "local.aws_emulator.iam_conditions._pattern": LIMITED,
    "local.aws_emulator.templates._check_parameter": LIMITED, "local.aws_protocol.service_rules._text": LIMITED,
    "local.aws_protocol.wire._template": LIMITED, "local.memory_server.access._pattern": LIMITED,
    "local.memory_server.extraction.rules._corrections": ESCAPED,
    "local.offline_model.catalogue._set_choices": ESCAPED, "local.offline_model.catalogue._set_text_kind": LIMITED,
    "local.offline_model.catalogue._synonyms": ESCAPED, "local.offline_model.catalogue.read_tools": ESCAPED,
    "local.offline_model.names._proper_names": LIMITED, "local.offline_model.ranking._providers": ESCAPED,
    "local.offline_model.recall.with_terms": ESCAPED, "local.offline_model.values.choices": LIMITED,
    "local.rehearsal.reader.quotes": LIMITED, "local.rehearsal.reader.register": LIMITED,
    "local.rehearsal.reader.says_nothing": LIMITED, "runtime.http_api.sample._matched": LIMITED,
}.items()}  # fmt: skip
"""The functions that make a pattern from what only their caller knows, and why a long text does no harm there."""


def test_no_pattern_is_slow() -> None:
    found, made = patterns()
    assert len(found) > 200
    unknown = made - MADE_BY_CALLERS.keys()
    assert not unknown, "say why a long text does no harm there, in MADE_BY_CALLERS"
    slow: list[tuple[str, str, str]] = []
    for each in found:
        made_of = [(unit, repeated(unit), 100_000) for unit in CLASSES]
        made_of += [(make(40), make, 12_500) for make in likes(each.pattern)]
        for run in use(each.pattern, each.methods):
            bad = next((shown for shown, make, longest in made_of if growth(run, make, longest)), None)
            if bad is not None:
                slow.append((each.where, each.pattern.pattern, bad))
    assert not slow


def test_a_slow_pattern_is_found() -> None:
    for text, method in [(r"\s+$", "search"), (r"<a>.*?</a>", "sub"), (r"\w+\s*\w+:", "match"),
                         (r"x.+?[, ]+y", "fullmatch"), (r"[^@]+@x", "findall")]:  # fmt: skip
        pattern = re.compile(text)
        made = [*((repeated(unit), 100_000) for unit in CLASSES), *((make, 12_500) for make in likes(pattern))]
        runs = list(use(pattern, frozenset([method])))
        assert any(growth(run, make, longest) for run in runs for make, longest in made), text
