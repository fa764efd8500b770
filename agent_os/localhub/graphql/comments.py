"""Comments below a pull request."""

from dataclasses import dataclass

from agent_os.localhub import comments
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.render import issues as render
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository


@dataclass(frozen=True)
class IssueComment:
    """A comment that is on no line."""

    call: Call
    repo: Repository
    row: comments.Comment

    def id(self) -> str:
        return node_id("IssueComment", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def full_database_id(self) -> str:
        return str(self.row.id)

    def author(self) -> Actor | None:
        return actor(self.call, self.row.author_id)

    def body(self) -> str:
        return self.row.body

    def created_at(self) -> str:
        return self.row.created_at

    def updated_at(self) -> str:
        return self.row.updated_at

    def last_edited_at(self) -> str | None:
        found = comments.newest_edit(self.call.hub, self.row.id)
        return found.edited_at if found else None

    def editor(self) -> Actor | None:
        found = comments.newest_edit(self.call.hub, self.row.id)
        return actor(self.call, found.editor_id) if found else None

    def url(self) -> str:
        return render.comment(self.call.view, self.repo, self.row)["html_url"]
