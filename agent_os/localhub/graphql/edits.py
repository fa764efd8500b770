"""What a body was before."""

from dataclasses import dataclass

from agent_os.localhub import edits
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.render.view import node_id


@dataclass(frozen=True)
class UserContentEdit:
    """One version of a body; `diff` is the whole text, as on GitHub."""

    call: Call
    row: edits.Edit

    def id(self) -> str:
        return node_id("UserContentEdit", self.row.id)

    def editor(self) -> Actor | None:
        return actor(self.call, self.row.editor_id)

    def diff(self) -> str:
        return self.row.body or ""

    def edited_at(self) -> str:
        return self.row.edited_at

    def created_at(self) -> str:
        return self.row.edited_at

    def updated_at(self) -> str:
        return self.row.edited_at
