"""What the local memory keeps of its users is closed to the machine's other users, also where an older file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.local.memory_server.repair import opened

pytestmark = pytest.mark.usefixtures("usual_umask")


@pytest.mark.parametrize("older", ["none", "sound", "damaged"])
def test_the_store_is_the_owners_alone(tmp_path: Path, older: str) -> None:
    path = tmp_path / "local" / "memory.sqlite"
    if older != "none":
        opened(path).close()
        path.parent.chmod(0o755)
        if older == "damaged":
            path.write_bytes(b"no database" * 1000)
        for each in path.parent.iterdir():
            each.chmod(0o644)
    db = opened(path)
    db.execute("INSERT INTO records VALUES (1, 'a', 's', 'n', 'text', NULL, 1.0, 1.0, NULL, '{}')")
    files = [each.name for each in path.parent.iterdir()]
    assert "memory.sqlite-wal" in files
    assert not path.parent.stat().st_mode & 0o077
    assert not [each.name for each in path.parent.iterdir() if each.stat().st_mode & 0o077]
    db.close()
