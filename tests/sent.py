"""Which requests an effect is made of, to count them against intents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

#: Effects: their request (method and path below the repository, or kind and name of a mutation).
#: Effects with the same request are counted together.
REQUESTS = {
    ("set_labels", "take_approval"): r"mutation Labels$",
    ("write_comment", "tell_issue"): r"POST /issues/\d+/comments$",
    ("edit_comment",): r"PATCH /issues/comments/\d+$",
    ("create_issue", "file_issue"): r"POST /issues$",
    ("close_issue", "edit_issue", "retire_issue"): r"PATCH /issues/\d+$",
    ("open_pull", "open_proposal"): r"POST /pulls$",
    ("edit_pull", "close_pull"): r"PATCH /pulls/\d+$",
    ("ask_review",): r"POST /pulls/\d+/requested_reviewers$",
    ("merge_pull",): r"PUT /pulls/\d+/merge$",
    ("label_issue",): r"POST /issues/\d+/labels$",
    ("own_repository", "push_branch", "delete_branch", "push_proposal"): (
        r"POST .*/git-receive-pack$"
    ),
}
#: A label that the repository lacks is made on the way; making it twice is refused. One that is
#: taken off of an issue is gone, however often.
_BESIDES = r"POST /labels$|DELETE /issues/\d+/labels/"


def too_often(sent: Iterable[str], intents: Mapping[str, int], *, git_again: int = 0) -> list[str]:
    """What was sent more often than it was meant, or by nothing that we know of.

    `git_again`: git sends a request again by itself when its connection was cut; so often here.
    """
    found: Counter[tuple[str, ...]] = Counter()
    wrong: list[str] = []
    for line in sent:
        kinds = next((k for k, pattern in REQUESTS.items() if re.match(pattern, line)), None)
        if kinds:
            found[kinds] += 1
        elif not re.match(_BESIDES, line):
            wrong.append(f"{line}: by no effect")
    for kinds, count in found.items():
        meant = sum(intents.get(kind, 0) for kind in kinds)
        meant += git_again if "push_branch" in kinds else 0
        if count > meant:
            wrong.append(f"{' or '.join(kinds)}: sent {count} times, meant {meant} times")
    return wrong
