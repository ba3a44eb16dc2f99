"""What would change what the offline model does with a request: which word of documentation mends it."""

from __future__ import annotations

from collections.abc import Iterator

from agentcore_kit.local.offline_model.planning import Plan
from agentcore_kit.local.offline_model.ranking import Index, Match
from agentcore_kit.local.offline_model.request import Request
from agentcore_kit.local.offline_model.scope import Rule
from agentcore_kit.local.offline_model.text import Token
from agentcore_kit.local.offline_model.understanding import offered

_CLOSE = 0.1
_MOST_TOOLS = 3


def advice(request: Request, index: Index, matches: list[Match], plan: Plan, held: list[Rule]) -> Iterator[str]:
    """Yield what would help, a line each. What is said of words in a "Use when …" was tried with these words in it.

    Args:
        request: The request.
        index: The tools there are.
        matches: How well each fits, best first.
        plan: What the model does.
        held: The limits of the prompt that hold.
    """
    first = matches[:1]
    unknown = _said(request, [token for token in index.words(request) if not index.knows(token.stem)])
    unknown = [word for word in unknown if not any(_taken(request, match, word) for match in first)]
    if unknown:
        yield (
            f"No documentation has: {', '.join(unknown)}. "
            'Where such a word means a tool, write it into its "Use when …".'
        )
    for rule in held:
        yield f"If {rule.topic!r} should not hold here: say in narrower words in the prompt what that line is for."
    if asked := offered(matches):
        yield (
            f"If a tool should tell how {asked.tool.name} is done: write into its "
            '"Use when …" that the user asks how to do that.'
        )
    if held or asked:
        return
    for match in matches[:_MOST_TOOLS]:
        if needed := _needed(request, index, match):
            would = "would be chosen instead" if any(other.accepted for other in matches) else "would fit"
            yield f'{match.tool.name} {would} if its "Use when …" also had: {", ".join(needed)}'
    if len(matches) > 1 and matches[0].accepted and matches[1].accepted:
        yield from _apart(matches[0], matches[1])


def _said(request: Request, tokens: list[Token]) -> list[str]:
    return list(dict.fromkeys(request.text[token.start : token.end].lower() for token in tokens))


def _taken(request: Request, match: Match, word: str) -> bool:
    return any(
        word in request.text[start:end].lower() for spans in match.filled.places.values() for start, end in spans
    )


def _needed(request: Request, index: Index, match: Match) -> list[str]:
    """The fewest words that would make a tool the one that is chosen, were they in its guidance on use.

    Empty when it is chosen already, or when all words of the request would not do it. The more telling a word is, the
    sooner it is tried.
    """
    if not match.score or _is_chosen(request, index, match.tool.name):
        return []
    lacking = [
        (index.rarity(t.stem) * (1 - w), t) for t, w in zip(index.words(request), match.weights, strict=True) if w < 1
    ]
    needed: list[Token] = []
    for _, token in sorted(lacking, key=lambda pair: (-pair[0], pair[1].start)):
        needed.append(token)
        if _is_chosen(request, index.with_use(match.tool, [one.stem for one in needed]), match.tool.name):
            return _said(request, sorted(needed, key=lambda one: one.start))
    return []


def _is_chosen(request: Request, index: Index, name: str) -> bool:
    best = next((match for match in index.rank(request) if match.accepted), None)
    return best is not None and best.tool.name == name


def _apart(first: Match, second: Match) -> Iterator[str]:
    if first.score - second.score < _CLOSE:
        yield (
            f"{first.tool.name} and {second.tool.name} are close ({first.score:.2f} and {second.score:.2f}): "
            'say in each what it is not for: "Do not use for …: use …".'
        )
