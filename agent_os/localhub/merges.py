"""Merging a pull request inside the bare repository, without a work tree."""

from dataclasses import dataclass
from functools import lru_cache

from agent_os.localhub import commits, gates, landings, protection, pushes
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal
from agent_os.localhub.git import NO_OBJECT, Git, Person
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.repositories import Repository

METHODS = ("merge", "squash", "rebase")


@dataclass(frozen=True)
class Request:
    """What the person asked for; None takes GitHub's default text."""

    method: str = "merge"
    title: str | None = None
    message: str | None = None
    expected_head: str | None = None


# Safe to keep: the result depends on the two commits only.
@lru_cache(maxsize=4096)
def merged_tree(git: Git, ours: str, theirs: str) -> str | None:
    """The tree of a merge of two commits, or None when they conflict."""
    code, out, _ = git.run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
    return out.decode().split("\n", 1)[0] if code == 0 else None


def mergeable(git: Git, issue: Issue, pull: Pull) -> bool | None:
    """Whether base and head merge without a conflict; None of one that is not open."""
    if issue.state != "open":
        return None
    return merged_tree(git, pull.base_sha, pull.head_sha) is not None


def merge(
    hub: Hub, repo: Repository, issue: Issue, pull: Pull, actor: User, request: Request
) -> str:
    """Merge into the base branch; answers the commit id.

    405 when not mergeable, already merged or a required check is missing; 409 when the head
    is not the expected one.
    """
    _check(hub, repo, issue, pull, request)
    git = hub.git(repo.id)
    base_sha = git.branch(pull.base_ref)
    if base_sha is None:
        raise Refusal(405, "Pull Request is not mergeable")
    sha = _commit(hub, git, repo, (issue, pull), actor, base_sha, request)
    # The second ref tells `sync` that this was a merge and whose, even after a crash right here.
    mark = landings.merge_mark(issue.number, actor)
    git.update_refs((f"refs/heads/{pull.base_ref}", sha, base_sha), (mark, sha, NO_OBJECT))
    pushes.sync(hub, repo, actor)
    if repo.delete_branch_on_merge and _may_go(hub, repo, pull.head_ref):
        git.delete_ref(f"refs/heads/{pull.head_ref}")
        pushes.sync(hub, repo, actor)
    return sha


def _may_go(hub: Hub, repo: Repository, branch: str) -> bool:
    """Whether a merged branch may be deleted: neither the default branch nor a protected one."""
    return branch != repo.default_branch and protection.get(hub, repo.id, branch) is None


def _check(hub: Hub, repo: Repository, issue: Issue, pull: Pull, request: Request) -> None:
    if pull.merged or issue.state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    if request.method not in METHODS:
        raise Refusal(422, f"merge_method must be one of {', '.join(METHODS)}")
    if request.expected_head is not None and request.expected_head != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    allowed = {
        "merge": repo.allow_merge_commit,
        "squash": repo.allow_squash_merge,
        "rebase": repo.allow_rebase_merge,
    }
    if not allowed[request.method]:
        raise Refusal(405, f"{request.method.capitalize()} merges are not allowed here.")
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")
    git = hub.git(repo.id)
    if merged_tree(git, pull.base_sha, pull.head_sha) is None:
        raise Refusal(405, "Pull Request is not mergeable")
    reason = gates.unmet(hub, repo, pull)
    if reason is not None:
        raise Refusal(405, reason)


def _commit(
    hub: Hub,
    git: Git,
    repo: Repository,
    subject: tuple[Issue, Pull],
    actor: User,
    base_sha: str,
    request: Request,
) -> str:
    issue, pull = subject
    if request.method == "rebase":
        return _replay(hub, git, actor, base_sha, pull.head_sha)
    tree = merged_tree(git, base_sha, pull.head_sha)
    if tree is None:
        raise Refusal(405, "Pull Request is not mergeable")
    if request.method == "squash":
        title, default = _squash_text(git, issue, base_sha, pull.head_sha)
        title, parents = request.title or title, [base_sha]
    else:
        title = f"Merge pull request #{issue.number} from {repo.owner}/{pull.head_ref}"
        title = request.title or title
        default, parents = issue.title, [base_sha, pull.head_sha]
    body = default if request.message is None else request.message
    message = f"{title}\n\n{body}".rstrip() + "\n"
    person = Person(actor.login, actor.email, hub.now())
    return git.commit_tree(tree, parents, message, person, person)


def _squash_text(git: Git, issue: Issue, base_sha: str, head_sha: str) -> tuple[str, str]:
    """GitHub's default: one commit's own message, or the title and all messages as a list."""
    found = commits.log(git, "--reverse", "--no-merges", f"{base_sha}..{head_sha}")
    if len(found) == 1:
        title, _, body = found[0].message.partition("\n")
        return f"{title} (#{issue.number})", body.strip()
    body = "\n\n".join(f"* {commit.message}" for commit in found)
    return f"{issue.title} (#{issue.number})", body


def _replay(hub: Hub, git: Git, actor: User, base_sha: str, head_sha: str) -> str:
    """Each commit again on top of the base, keeping author and message; merges are left out."""
    revs = git.text("rev-list", "--reverse", "--no-merges", f"{base_sha}..{head_sha}")
    tip = base_sha
    for sha in revs.split():
        committer = Person(actor.login, actor.email, hub.now())
        # The merge base of this stand-in and the commit is the commit's parent, as a cherry-pick
        # needs it; git before 2.40 has no option to name the base.
        stand_in = git.commit_tree(f"{tip}^{{tree}}", [f"{sha}^"], "", committer, committer)
        tree = merged_tree(git, stand_in, sha)
        if tree is None:
            raise Refusal(405, "This branch can't be rebased")
        shown = git.text("show", "-s", "--format=%an%x00%ae%x00%aI%x00%B", sha)
        name, email, date, message = shown.split("\0", 3)
        tip = git.commit_tree(tree, [tip], message, Person(name, email, date), committer)
    return tip
