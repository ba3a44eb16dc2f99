"""Which components say nearly the same of themselves, so that a team sees what is there before it builds it again.

The measure is the cosine between the words of two texts, each word weighed by how few of all texts have it (TF-IDF).
It knows nothing of meaning: synonyms are different words to it, and "customer database" and "database of customers"
are the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentcore_kit.local.offline_model.text import name_parts, stem, stems, tokens

NEAR = 0.33
"""From which cosine on two components are shown as near-duplicates; kit/tests/governance/test_similarity.py measures it
on pairs that do the same, and on pairs of one domain that do not."""

_EMPTY = frozenset(stems("agent tool tools memory server data information answers returns errors user"))
"""Words that every component says, whatever it is about."""

_SHARED_SHOWN = 5


@dataclass(frozen=True)
class Similar:
    """A component that another one is nearly the same as.

    Attributes:
        name: The other component.
        score: The cosine, from 0 (no word in common) to 1 (the same words).
        words: The words that both have, the most telling first.
    """

    name: str
    score: float
    words: tuple[str, ...]


def near_duplicates(texts: Mapping[str, str], least: float = NEAR) -> dict[str, list[Similar]]:
    """Return for each component those that are near-duplicates of it, the nearest first; those without are left out.

    Args:
        texts: What each component says of itself, by its name: description, and what its tools do.
        least: The cosine from which on two are near.
    """
    known = list(zip(texts, _vectors(list(texts.values())), strict=True))
    written = _written(texts.values())
    found: dict[str, list[Similar]] = {}
    for number, (name, vector) in enumerate(known):
        for other, there in known[number + 1 :]:
            score = _cosine(vector, there)
            if score >= least:
                shared = sorted(vector.keys() & there.keys(), key=lambda one: (-vector[one] * there[one], one))
                words = tuple(written[one] for one in shared[:_SHARED_SHOWN])
                found.setdefault(name, []).append(Similar(other, score, words))
                found.setdefault(other, []).append(Similar(name, score, words))
    return {name: sorted(near, key=lambda one: (-one.score, one.name)) for name, near in found.items()}


def _vectors(texts: Sequence[str]) -> list[dict[str, float]]:
    """Return the words of each text with their weights; the length of each vector is 1."""
    counted = [Counter(word for word in stems(text) if word not in _EMPTY) for text in texts]
    spread = Counter(word for words in counted for word in words)
    vectors = []
    for words in counted:
        weights = {
            word: (1 + math.log(count)) * (math.log((1 + len(texts)) / (1 + spread[word])) + 1)
            for word, count in words.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        vectors.append({word: weight / length for word, weight in weights.items()})
    return vectors


def _written(texts: Iterable[str]) -> dict[str, str]:
    """Return a word for each stem, as people write it: the shortest of its forms."""
    found: dict[str, str] = {}
    for text in texts:
        for token in tokens(text):
            forms = [part.lower() for part in name_parts(text[token.start : token.end])]
            for form in (one for one in forms if stem(one) == token.stem):
                if len(form) < len(found.get(token.stem, form + "x")):
                    found[token.stem] = form
            found.setdefault(token.stem, token.stem)
    return found


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    shorter, longer = sorted((one, other), key=len)
    return sum(weight * longer.get(word, 0.0) for word, weight in shorter.items())
