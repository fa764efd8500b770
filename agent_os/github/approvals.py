"""What people said on a pull request, besides reviews, that may be an approval.

A part of the one request of `looks.py`, for the pull requests that may need it.
"""

from __future__ import annotations

from agent_os.domain.approvals import LabelAct, PullComment, Words
from agent_os.github import readers
from agent_os.github.client import Json

#: The newest ones only: an approval that so much came after is given anew.
APPROVALS_FRAGMENT = """fragment Approvals on PullRequest{
  id labels(first:100){nodes{name}}
  comments(last:50){nodes{databaseId author{login __typename} body createdAt
    lastEditedAt editor{login __typename}}}
  timelineItems(last:50,itemTypes:[LABELED_EVENT,UNLABELED_EVENT]){nodes{__typename
    ... on LabeledEvent{createdAt actor{login __typename} label{name}}
    ... on UnlabeledEvent{createdAt actor{login __typename} label{name}}}}}"""


def words(data: Json, label: str) -> Words:
    """Of a pull request as the fragment shows it; `label` is the one that approves."""
    name = label.lower()
    there = {node["name"].lower() for node in data["labels"]["nodes"]}
    acts = [n for n in data["timelineItems"]["nodes"] if n["label"]["name"].lower() == name]
    return Words(
        node=data["id"],
        labelled=name in there,
        label_acts=tuple(
            LabelAct(
                actor=login(act["actor"]),
                at=readers.moment(act["createdAt"]),
                on=act["__typename"] == "LabeledEvent",
            )
            for act in acts
        ),
        comments=tuple(_comment(node) for node in data["comments"]["nodes"]),
    )


def _comment(node: Json) -> PullComment:
    """Whoever edited it may be gone by now: it was edited all the same."""
    edited = node["lastEditedAt"] is not None
    return PullComment(
        id=node["databaseId"],
        author=login(node["author"]),
        body=node["body"],
        at=readers.moment(node["createdAt"]),
        editor=login(node["editor"]) if edited else "",
    )


def login(actor: Json | None) -> str:
    """As REST has it, which is how people and bots are named everywhere else."""
    if actor is None:
        return "ghost"
    return f"{actor['login']}[bot]" if actor["__typename"] == "Bot" else actor["login"]
