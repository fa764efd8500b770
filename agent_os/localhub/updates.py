"""Bringing a pull request's branch up to date with its base."""

from agent_os.localhub import merges, pushes
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal
from agent_os.localhub.git import Person
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.repositories import Repository


def update_branch(
    hub: Hub, repo: Repository, issue: Issue, pull: Pull, actor: User, expected: str | None
) -> None:
    """Merge the base into the head branch; 422 when it moved, conflicts or has nothing new."""
    git = hub.git(repo.id)
    if expected is not None and expected != pull.head_sha:
        raise Refusal(422, "expected_head_sha does not match the head of the branch")
    if issue.state != "open" or git.is_ancestor(pull.base_sha, pull.head_sha):
        raise Refusal(422, "There are no new commits on the base branch.")
    tree = merges.merged_tree(git, pull.head_sha, pull.base_sha)
    if tree is None:
        raise Refusal(422, "merge conflict between base and head")
    message = f"Merge branch '{pull.base_ref}' into {pull.head_ref}\n"
    person = Person(actor.login, actor.email, hub.now())
    parents = [pull.head_sha, pull.base_sha]
    sha = git.commit_tree(tree, parents, message, person, person)
    git.update_ref(f"refs/heads/{pull.head_ref}", sha, pull.head_sha)
    pushes.sync(hub, repo, actor)
