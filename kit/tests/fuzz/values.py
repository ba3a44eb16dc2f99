"""Odd values, texts, bodies and headers, all from the generator that is handed in: a seed repeats them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from random import Random
from typing import Any

_LONGEST_BODY = 30_000_000
_ONE_IN_FOR_LONGEST = 400
"""Of how many odd bodies one is as long as that: each takes the server, and this test, a second."""

_TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "half \udfff of it", "\U0001f600" * 40, "مرحبا بالعالم", "\u202eabc\u202c",
    "é" * 300, "\x1b[31mred\x1b[0m", "line\r\nX-Injected: yes", "../../../../etc/passwd", "' OR 1=1; --", "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}", "%s%s%s%n", "<script>alert(1)</script>", "\ufeff", "null", "-1", "\u2028", "\x7f",
    "a" * 257, "NaN", "__proto__", "ä" * 33, "\u0301" * 500, "[" * 2000, "{\"role\": \"system\"}",
)  # fmt: skip

_NUMBERS = (
    "0", "-0", "-1", "1.5", "1e999", "-1e999", "1e-999", "9007199254740993", "9223372036854775808", "NaN", "Infinity",
    "-Infinity", "1" + "0" * 400, "1" + "0" * 5000, "0.1e1", "1E400",
)  # fmt: skip

_ENCODINGS = ("utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7", "cp037")


def size(rng: Random, most: int) -> int:
    """Return a size from 1 to a most, small ones and large ones alike: each power of two is as likely."""
    return min(most, int(2 ** rng.uniform(0, most.bit_length())))


def text(rng: Random) -> str:
    """Return an odd text; it may have halves of characters."""
    match rng.randrange(6):
        case 0:
            return "x" * size(rng, 40_000)
        case 1:
            return "".join(chr(rng.randrange(0x110000)) for _ in range(size(rng, 200)))
        case 2:
            return "".join(rng.choice(_TEXTS) for _ in range(3))
        case _:
            return rng.choice(_TEXTS)


def odd_json(rng: Random, depth: int = 0) -> str:
    """Return a JSON text of some odd value, or nearly one."""
    match rng.randrange(9 if depth < 3 else 5):
        case 0 | 1:
            return json.dumps(text(rng))
        case 2:
            return rng.choice(_NUMBERS)
        case 3:
            return rng.choice(("null", "true", "false", "[]", "{}", '""', "[null]", "[[]]"))
        case 4:
            levels = size(rng, 100_000)
            return rng.choice(("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels, "[" * levels))
        case 5:
            item = rng.choice(("[]", "{}", "0", '"a"', "null"))
            return f"[{','.join([item] * size(rng, 100_000))}]"
        case 6:
            return f"[{','.join(odd_json(rng, depth + 1) for _ in range(rng.randrange(4)))}]"
        case _:
            members = (f"{json.dumps(text(rng))}:{odd_json(rng, depth + 1)}" for _ in range(rng.randrange(4)))
            return "{" + ",".join(members) + "}"


def mutated(rng: Random, right: dict[str, Any]) -> bytes:
    """Return the body of a right request with one thing wrong: a value, a field, its end, its bytes, its encoding."""
    right = right or {"a": 1}
    return rng.choice(_MUTATIONS)(rng, right)


def _other_value(rng: Random, right: dict[str, Any]) -> bytes:
    at, mark = rng.choice(_paths(right)), "\x1amark\x1a"
    return _written(_replaced(right, at, mark)).replace(json.dumps(mark), odd_json(rng), 1).encode()


def _another_field(rng: Random, right: dict[str, Any]) -> bytes:
    name = rng.choice([*right, text(rng), text(rng)])  # one that is there already stands twice then
    return f"{_written(right)[:-1]},{json.dumps(name)}:{odd_json(rng)}}}".encode()


def _many_fields(rng: Random, right: dict[str, Any]) -> bytes:
    return _written({**right, **{f"field{number}": number for number in range(size(rng, 20_000))}}).encode()


def _without_a_field(rng: Random, right: dict[str, Any]) -> bytes:
    gone = rng.choice([*right, ""])
    return _written({name: value for name, value in right.items() if name != gone}).encode()


def _something_else(rng: Random, _: dict[str, Any]) -> bytes:
    return odd_json(rng).encode()


def _cut_off(rng: Random, right: dict[str, Any]) -> bytes:
    whole = _written(right).encode()
    return whole[: rng.randrange(len(whole))]


def _other_bytes(rng: Random, right: dict[str, Any]) -> bytes:
    body = bytearray(_written(right).encode())
    for _ in range(rng.randint(1, 8)):
        body[rng.randrange(len(body))] = rng.randrange(256)
    return bytes(body)


def _other_encoding(rng: Random, right: dict[str, Any]) -> bytes:
    written = json.dumps({**right, "é": "é"}, ensure_ascii=False)
    kind = rng.choice((*_ENCODINGS, "gzip", "surrogates"))
    if kind == "gzip":
        return gzip.compress(written.encode("utf-8", "replace"))
    if kind == "surrogates":
        return written.replace("é", "\ud800").encode("utf-8", "surrogatepass")
    return written.encode(kind, "replace")


def _padded(rng: Random, right: dict[str, Any]) -> bytes:
    blank = b" \n\t" * (size(rng, 300_000) // 3)
    return blank + _written(right).encode() + rng.choice((b"", blank, b"\0", b"}", b"// end", _written(right).encode()))


def _huge(rng: Random, _: dict[str, Any]) -> bytes:
    most = _LONGEST_BODY if rng.randrange(_ONE_IN_FOR_LONGEST) == 0 else 1_000_000
    inner = b"[]," * (size(rng, most) // 3)
    return b'{"prompt":[' + inner + b"[]]}"


_MUTATIONS: tuple[Callable[[Random, dict[str, Any]], bytes], ...] = (
    _other_value, _other_value, _other_value, _another_field, _many_fields, _without_a_field, _something_else,
    _cut_off, _other_bytes, _other_encoding, _padded, _huge,
)  # fmt: skip


def header_value(rng: Random) -> bytes:
    """Return an odd value of a header, without what would end it."""
    match rng.randrange(6):
        case 0:
            return b"v" * size(rng, 70_000)
        case 1:
            return bytes(rng.choice([*range(1, 10), *range(32, 256)]) for _ in range(size(rng, 300)))
        case 2:
            return odd_json(rng)[:2000].encode().replace(b"\n", b" ").replace(b"\r", b" ")
        case _:
            kept = rng.choice(_TEXTS).encode("utf-8", "surrogatepass")
            return kept.replace(b"\r", b" ").replace(b"\n", b" ").replace(b"\0", b" ")


def trace_headers(rng: Random) -> list[tuple[bytes, bytes]]:
    """Return the trace context of a caller, right or wrong, once or several times."""
    good = f"00-{rng.getrandbits(128):032x}-{rng.getrandbits(64):016x}-01".encode()
    wrong = (
        b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01",
        b"ff-" + good[3:],
        good + b"-extra",
        good[:20],
        good.upper(),
    )
    found = [(b"traceparent", rng.choice((good, good, *wrong, header_value(rng))))]
    if rng.random() < 0.4:
        found.append((b"tracestate", rng.choice((b"a=1,b=2", b",".join([b"k=v"] * 500), header_value(rng)))))
    if rng.random() < 0.4:
        found.append((b"baggage", rng.choice((b"session.id=abc", b"session.id=%00%ff", header_value(rng)))))
    return found * rng.choice((1, 1, 1, 2))


def _written(body: dict[str, Any]) -> str:
    return json.dumps(body)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where the values of a body are, itself left out."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [at] if at else []
    for name, item in members:
        found += _paths(item, (*at, name))
    return found


def _replaced(value: Any, at: tuple[Any, ...], by: Any) -> Any:
    if not at:
        return by
    if isinstance(value, list):
        return [_replaced(item, at[1:], by) if number == at[0] else item for number, item in enumerate(value)]
    return {name: _replaced(item, at[1:], by) if name == at[0] else item for name, item in value.items()}
