"""Who works on a repository: a ref there names the one installation that may.

It moves with each of our pushes, in the same transaction of the server. So of two installations
that take one repository for theirs, the second one's first push is refused whole.
"""

from __future__ import annotations

import re

from agent_os.domain.errors import Conflict, OwnedElsewhere
from agent_os.workspace.mirror import OWNER_REF, OWNER_SEEN, OWNER_SPEC, Mirror, Update

_INSTALLATION = re.compile(r"^installation: (\S+)$", re.MULTILINE)
_MESSAGE = """Agent OS works on this repository

`agent-os takeover OWNER/REPO` gives it to another installation.

installation: {installation}
"""


class Ownership:
    """Of the repository at `url`, seen by `installation`."""

    def __init__(self, mirror: Mirror, url: str, token: str, installation: str, name: str) -> None:
        self._mirror = mirror
        self._url = url
        self._token = token
        self._installation = installation
        self._name = name

    def check(self) -> str:
        """By what was fetched last: the owner's commit, empty when there is none.

        OwnedElsewhere when another installation owns it.
        """
        seen = self._mirror.resolve(OWNER_SEEN) or ""
        owner = self._owner(seen) if seen else self._installation
        if owner != self._installation:
            raise OwnedElsewhere(
                f"Another installation ({owner[:8]}) works on {self._name}.",
                next_step=f"`agent-os takeover {self._name}`, if this one is to go on with it.",
            )
        return seen

    def look(self) -> str:
        """Like `check`, by what is there now."""
        self._fetch()
        return self.check()

    def push(self, *updates: Update) -> None:
        """Push, and the owner's ref with it, all or nothing.

        Conflict when one of the `updates` is refused; OwnedElsewhere when the repository is not
        (no longer) ours.
        """
        with self._mirror.pushing():
            known = self.check()
            try:
                self._push(known, updates)
            except Conflict:
                # Ours moved on when a push of ours got no answer.
                if self.look() == known:
                    raise
                self._push(self.check(), updates)

    def take_over(self) -> str:
        """Make it ours, whoever has it; the installation it was taken from, or empty."""
        self._fetch()
        seen = self._mirror.resolve(OWNER_SEEN) or ""
        self._push(seen, ())
        before = self._owner(seen) if seen else ""
        return before if before != self._installation else ""

    def _push(self, known: str, updates: tuple[Update, ...]) -> None:
        made = self._mirror.note(_MESSAGE.format(installation=self._installation), known)
        self._mirror.push(self._url, self._token, *updates, Update(OWNER_REF, made, known))
        self._mirror.set(OWNER_SEEN, made)

    def _fetch(self) -> None:
        self._mirror.ensure(self._url)
        self._mirror.fetch(self._url, self._token, (OWNER_SPEC,))

    def _owner(self, commit: str) -> str:
        """Whoever wrote something else there is not us."""
        found = _INSTALLATION.search(self._mirror.message(commit))
        return found[1] if found else "unknown"
