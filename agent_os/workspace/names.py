"""Names that some file system or some git takes for git's own directory or files."""

from __future__ import annotations

import re
import unicodedata

#: Characters that HFS+ does not see: `.g<U+200C>it` is `.git` there.
_UNSEEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
#: NTFS ends a name before trailing dots and blanks, and at a colon (`.git::$INDEX_ALLOCATION`).
_NTFS_END = re.compile(r"[ .]*(:.*)?$", re.DOTALL)
_SHORT = re.compile(r"(gitmod|gi[0-9a-f]{4})~[0-9]")


def seen_as(name: str) -> str:
    """One part of a path as the most forgiving file system would compare it."""
    plain = unicodedata.normalize("NFC", _UNSEEN.sub("", name)).casefold()
    return _NTFS_END.sub("", plain)


def is_git_directory(name: str) -> bool:
    """Whether it is a spelling of `.git`; a backslash parts folders on Windows only."""
    return any(seen_as(part) in (".git", "git~1") for part in name.split("\\"))


def is_git_file(name: str) -> bool:
    """Whether it is a spelling of `.gitmodules`, which says where submodules come from."""
    seen = seen_as(name)
    return seen == ".gitmodules" or _SHORT.fullmatch(seen) is not None
