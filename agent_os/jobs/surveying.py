"""What the code of a repository asks for: its newest commit is read, and auditors are asked."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.effects import Record
from agent_os.domain.errors import AgentOSError
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.signals import Signal, SignalOutcome
from agent_os.domain.tasks import TaskKey
from agent_os.effects import orders
from agent_os.effects.world import World
from agent_os.jobs.organization import Decided
from agent_os.policy import texts
from agent_os.policy.grooming import code, dependencies
from agent_os.policy.grooming.dependencies import Audit
from agent_os.policy.grooming.tree import Age, Tree, is_source
from agent_os.store.repositories import Repository
from agent_os.workspace import auditing
from agent_os.workspace.mirror import Mirror

_MOST_LOCKS = 10
_MOST_AUDITED = 3
_LARGEST_TEXT = 200_000
_LARGEST_LOCK = 3_000_000


def survey(world: World, row: Repository, head: str) -> tuple[list[Signal], list[Audit]]:
    """(candidates for issues, what each auditor said)."""
    mirror = world.mirror(row.repo_id)
    tree = _tree(mirror, row, head)
    audits = _audits(world, row, mirror, tree)
    found = [*code.candidates(tree), *dependencies.outdated(tree)]
    return [*found, *dependencies.vulnerable(tree, audits)], audits


def _tree(mirror: Mirror, row: Repository, head: str) -> Tree:
    listing = mirror.listing(head)
    locks = dependencies.locks(listing)[:_MOST_LOCKS]
    readmes = [path for path in listing if path.lower().startswith(("readme", "docs/readme"))]
    wanted = [*readmes, *locks, *filter(is_source, listing)]
    sizes = {path: listing[path] for path in wanted if listing[path] <= _LARGEST_TEXT}
    return Tree(
        repo_id=row.repo_id,
        repo=row.name,
        sha=head,
        url=row.clone_url.removesuffix(".git"),
        listing=listing,
        texts=mirror.texts(head, sizes),
        ages={path: Age(*age) for path, age in mirror.ages(head, locks).items()},
    )


def _audits(world: World, row: Repository, mirror: Mirror, tree: Tree) -> list[Audit]:
    pinned = {p: tree.texts[p] for p in dependencies.locks(tree.listing) if p in tree.texts}
    python = {p: t for p, t in pinned.items() if p.endswith((".txt", "requirements.lock"))}
    npm = _npm_files(mirror, tree)
    if not python and not npm:
        return []
    place = _place(world, row, mirror, tree.sha)
    if isinstance(place, str):
        files = [*python, *npm][:_MOST_AUDITED]
        return [Audit(program="auditing", file=path, problem=place) for path in files]
    return [
        *auditing.audit_python(dict(list(python.items())[:_MOST_AUDITED]), place),
        *auditing.audit_npm(npm, place),
    ]


def _npm_files(mirror: Mirror, tree: Tree) -> dict[str, tuple[str, str]]:
    """(package.json, package-lock.json) by the lock's path."""
    found: dict[str, tuple[str, str]] = {}
    for path in dependencies.locks(tree.listing):
        folder = path.rpartition("/")[0]
        manifest = f"{folder}/package.json".lstrip("/")
        sizes = {p: tree.listing.get(p, _LARGEST_LOCK + 1) for p in (manifest, path)}
        if path.endswith("package-lock.json") and max(sizes.values()) <= _LARGEST_LOCK:
            texts_ = mirror.texts(tree.sha, sizes)
            if len(texts_) == 2 and len(found) < _MOST_AUDITED:
                found[path] = (texts_[manifest], texts_[path])
    return found


def _place(world: World, row: Repository, mirror: Mirror, sha: str) -> auditing.Place | str:
    """Where auditors run; or why they can't: the repository narrows what its setup may reach."""
    sandbox, image = world.config.sandbox_of(row.name)
    try:
        file = orders.repository_file(mirror, sha)
    except AgentOSError as error:
        return f"its .agent-os.yaml can't be read: {error.message}"
    profile = world.config.profiles.narrowed(file.profiles).setup
    return auditing.Place(sandbox=sandbox, image=image, profile=profile)


def unlooked(
    world: World, row: Repository, problems: dict[str, str], outcomes: dict[str, str]
) -> list[Decided]:
    """A record of what could not be looked at and why, when that is new. `problems`: by what."""
    events = tuple(
        Event(
            kind=EventKind.SIGNAL_SEEN,
            at=world.clock.now(),
            repo_id=row.repo_id,
            number=DESK,
            data={
                "signal": f"groomer:{row.repo_id}:look:{texts.digest(what)}",
                "by": "groomer",
                "title": texts.inline(what, 120),
                "outcome": SignalOutcome.NOT_LOOKED.value,
                "reason": texts.inline(why, 300),
            },
        )
        for what, why in problems.items()
    )
    fresh = [
        e
        for e in events
        if outcomes.get(e.data["signal"]) != f"{e.data['outcome']}: {e.data['reason']}"
    ]
    return [(Record(key=TaskKey(row.repo_id, DESK), events=tuple(fresh)), 0)] if fresh else []


def problems(audits: Sequence[Audit]) -> dict[str, str]:
    return {f"{one.program} on {one.file}": one.problem for one in audits if one.problem}
