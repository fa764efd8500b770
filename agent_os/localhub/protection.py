"""Branch protection: which checks and approvals a merge needs."""

import json
from dataclasses import asdict, dataclass

from agent_os.localhub.hub import Hub


@dataclass(frozen=True)
class Protection:
    """`contexts` is None when no status checks are required at all."""

    contexts: list[str] | None
    strict: bool = False
    approvals: int = 0
    enforce_admins: bool = False


def get(hub: Hub, repo_id: int, branch: str) -> Protection | None:
    """The branch's protection, None when unprotected."""
    sql = "SELECT settings FROM protections WHERE repo_id = ? AND branch = ?"
    found = hub.db.value(sql, repo_id, branch)
    return None if found is None else Protection(**json.loads(found))


def put(hub: Hub, repo_id: int, branch: str, wanted: Protection) -> None:
    """Protect the branch in this way only."""
    hub.db.run(
        "INSERT OR REPLACE INTO protections VALUES (?, ?, ?)",
        repo_id,
        branch,
        json.dumps(asdict(wanted)),
    )


def delete(hub: Hub, repo_id: int, branch: str) -> bool:
    """Unprotect; whether it was protected."""
    sql = "DELETE FROM protections WHERE repo_id = ? AND branch = ?"
    return hub.db.changed(sql, repo_id, branch) > 0
