"""The conversations that were held on the page, in `.local/page`: a file a session, a line a turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from pathlib import Path
from threading import Lock
from typing import Any

from agentcore_kit.local.page.parts import NotThere
from agentcore_kit.runtime.private import private_file, private_folder

MOST_SESSIONS = 200
"""How many sessions are listed, the ones that were used last; the files of others stay."""

COPIED = "copiedFrom"
"""The field of a turn that a branch begins with: the session in which it was asked."""

_TITLE = 80


class Conversations:
    """What was asked on the page, and what came of it."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made with the first turn, and is the owner's alone."""
        self._folder = folder
        self._writing = Lock()
        self._known: dict[Path, tuple[int, dict[str, Any] | None]] = {}
        self._model: dict[str, str] = {}

    def of_model(self, name: str) -> Conversations:
        """Return the same conversations, in which turns are kept as asked with a model; without a name as with any."""
        same = copy(self)
        same._model = {"model": name} if name else {}
        return same

    def model_of(self, session_id: str) -> str | None:
        """Return the name of the model that a session is asked with; None where no turn says it."""
        turns = list(_turns(self._path(session_id)))
        return turns[-1].get("model") if turns else None

    def append(self, session_id: str, turn: dict[str, Any]) -> None:
        """Keep a turn.

        Args:
            session_id: The session that it is of.
            turn: `question`, `user`, `at`, `traceId`, `usd` and `last`, the last event of the turn; `copiedFrom` of one
                that a branch begins with, `model` of one that was asked with another model than the environment's.

        Raises:
            OSError: When it cannot be written.
        """
        line = json.dumps({"session": session_id, **self._model, **turn}, ensure_ascii=False)
        with self._writing:
            private_folder(self._folder)
            with private_file(self._path(session_id)).open("a", encoding="utf-8", errors="replace") as file:
                file.write(line + "\n")

    def session(self, session_id: str) -> dict[str, Any]:
        """Return a session with its turns.

        Raises:
            NotThere: When there is none of that id.
        """
        turns = list(_turns(self._path(session_id)))
        if not turns:
            raise NotThere(f"no conversation {session_id} was held on this page")
        return {"id": session_id, "turns": turns}

    def all(self) -> list[dict[str, Any]]:
        """Return what there is to say of each session, the one that was used last first."""
        changed = {path: path.stat().st_mtime_ns for path in self._folder.glob("*.jsonl")}
        newest = sorted(changed, key=lambda path: changed[path], reverse=True)[:MOST_SESSIONS]
        return [found for path in newest if (found := self._summary(path, changed[path]))]

    def _summary(self, path: Path, changed: int) -> dict[str, Any] | None:
        """Return what the list says of a session; read again only when its file has changed."""
        known = self._known.get(path)
        if known is None or known[0] != changed:
            known = self._known[path] = (changed, _summary(list(_turns(path))))
        return known[1]

    def _path(self, session_id: str) -> Path:
        return self._folder / f"{hashlib.sha256(session_id.encode()).hexdigest()[:32]}.jsonl"


def _turns(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the turns of a file; a line that a full disk or a killed process cut short is passed over."""
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n"):
        with suppress(ValueError, RecursionError):
            turn = json.loads(line)
            if isinstance(turn, dict) and {"session", "question", "last"} <= turn.keys():
                yield turn


def _summary(turns: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not turns:
        return None
    own = [turn for turn in turns if COPIED not in turn]  # what was copied had been paid for before
    used = [turn["last"].get("usage") or {} for turn in own]
    priced = [turn.get("usd") for turn in own if turn["last"].get("usage")]
    return {
        "id": turns[0]["session"],
        "user": turns[0].get("user", ""),
        "title": (own or turns)[0]["question"][:_TITLE],
        "branch": COPIED in turns[0],
        "model": turns[-1].get("model"),
        "updated": turns[-1].get("at", ""),
        "turns": len(turns),
        "inputTokens": sum(one.get("inputTokens", 0) for one in used),
        "outputTokens": sum(one.get("outputTokens", 0) for one in used),
        "usd": sum(filter(None, priced)) if priced and None not in priced else None,
    }
