"""Files and commits of a repository, as the pages show them."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_os.localhub.errors import not_found
from agent_os.localhub.git import Git, GitFailed
from agent_os.localhub.pages import diffs
from agent_os.localhub.pages.diffs import Diff

MAX_FILE_CHARS = 300_000
README = ("readme.md", "readme", "readme.txt", "readme.rst")
_FIELDS = "%H%x00%an%x00%cI%x00%s%x00%b%x1e"


@dataclass(frozen=True)
class Entry:
    """A file or folder; `path` is from the top."""

    path: str
    folder: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class Commit:
    """A commit's head line; `at` is its committer's time."""

    sha: str
    author: str
    at: str
    title: str
    body: str

    @property
    def short(self) -> str:
        """The first digits of the id."""
        return self.sha[:7]


def entries(git: Git, commit: str, path: str = "") -> list[Entry]:
    """The folder's content, folders first; 404 when it is no folder."""
    try:
        listing = git.output("ls-tree", "-z", f"{commit}:{path}").decode(errors="replace")
    except GitFailed as error:
        raise not_found() from error
    found: list[Entry] = []
    for line in filter(None, listing.split("\0")):
        about, _, name = line.partition("\t")
        full = f"{path}/{name}" if path else name
        found.append(Entry(full, about.split(" ")[1] == "tree"))
    return sorted(found, key=lambda one: (not one.folder, one.name.lower()))


def file(git: Git, commit: str, path: str) -> str:
    """A file's text, bounded; 404 when there is none; a note for a binary file."""
    try:
        content = git.output("cat-file", "blob", f"{commit}:{path}")
    except GitFailed as error:
        raise not_found() from error
    if b"\0" in content[:8000]:
        return f"(binary file, {len(content)} bytes)"
    return content.decode(errors="replace")[:MAX_FILE_CHARS]


def readme(git: Git, commit: str, listed: list[Entry]) -> tuple[str, str] | None:
    """Name and text of the README among these entries."""
    names = {one.name.lower(): one for one in listed if not one.folder}
    for name in README:
        if name in names:
            return names[name].name, file(git, commit, names[name].path)
    return None


def commits(git: Git, selection: str, limit: int) -> list[Commit]:
    """The newest commits of a range or ref; empty when it can't be read."""
    try:
        text = git.output("log", f"--max-count={limit}", f"--format={_FIELDS}", selection, "--")
    except GitFailed:
        return []
    found: list[Commit] = []
    for record in text.decode(errors="replace").split("\x1e"):
        fields = record.lstrip("\n").split("\0")
        if len(fields) == 5:
            sha, author, at, title, body = fields
            found.append(Commit(sha, author, at, title, body.strip()))
    return found


def diff(git: Git, selection: str) -> Diff:
    """What changed between two commits (`a...b`), or in one (against its first parent)."""
    command = ["diff"] if "..." in selection else ["show", "--format=", "-m", "--first-parent"]
    plain = ["-p", "-M", "--no-color", "--no-ext-diff", "--no-textconv"]
    try:
        text = git.output("-c", "core.quotePath=false", *command, *plain, selection, "--")
    except GitFailed:
        return Diff([], False)
    return diffs.parse(text.decode(errors="replace"))
