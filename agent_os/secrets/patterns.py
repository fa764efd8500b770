"""Tokens that are known by their form: detect-secrets' patterns, and some that it lacks.

Its verification is never called (it asks the network), and in-line allow-list comments have no
meaning here (an agent could write them). Left out, as measured on 79,000 lines of this repository:
the keyword detector (34 finds, none a secret), entropy (2, a git object and an id) and public
addresses (2, no secrets).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: A pattern with two open ends takes quadratic time; an agent may write one endless line.
_PIECE = 2_000
_OVERLAP = 400
_REST = re.compile(r"[\w.+/=-]*")


@dataclass(frozen=True)
class Pattern:
    kind: str
    regex: re.Pattern[str]
    needs: str = ""
    """Text without it (in small letters) is not looked through."""
    holds: Callable[[str], bool] = lambda _text: True
    """Whether a match is one: some forms can be checked."""


def matches(text: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of each, as they stand; they may overlap."""
    for offset, piece in _pieces(text):
        lower = piece.lower()
        for pattern in (*_OWN, *library()) if HINT.search(piece) else _OWN:
            if pattern.needs not in lower:
                continue
            for found in pattern.regex.finditer(piece):
                if pattern.holds(found[0]):
                    end = found.end()
                    if (
                        pattern.kind == "JSON Web Token"
                    ):  # the library's match ends before the third part
                        end = _end_of(_REST, piece, end)
                    yield pattern.kind, offset + found.start(), offset + end


def _end_of(regex: re.Pattern[str], text: str, at: int) -> int:
    found = regex.match(text, at)
    return found.end() if found else at


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Whole lines together up to a length; longer lines in pieces that overlap."""
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end >= len(text):
            yield start, text[start:]
            return
        cut = text.rfind("\n", start, end) + 1
        yield start, text[start : cut or end]
        start = cut or end - _OVERLAP


def _is_password(match: str) -> bool:
    """Of `://name:password@host`: no placeholder, and no host that only a developer reaches."""
    name, _, rest = match.removeprefix("://").partition(":")
    password, _, host = rest.rpartition("@")
    if password == name or not password.strip("*xX.…-_") or _PLACEHOLDER.match(password):
        return False
    return _REACHED.search(host) is not None and _EXAMPLE.search(host) is None


_PLACEHOLDER = re.compile(
    r"(?i)[$<{%[(]|.*[>}\])]$|(?:your|my|the)?[-_]?"
    r"(?:password|passwd|pass|pwd|pw|secret|token|key|user|name|port|example|changeme)[-_\d]*$"
)
_REACHED = re.compile(r"[A-Za-z0-9-]\.[A-Za-z0-9]")
_EXAMPLE = re.compile(r"(?i)^127\.|(?:^|\.)(?:example(?:\.\w+)?|test|invalid|local|localhost)$")

_OWN = (
    # The library's forms of these two take quadratic time, and its basic auth takes placeholders.
    Pattern(
        "Basic Auth Credentials",
        re.compile(r"://[^\s:/@{}'\"<>]{1,100}:[^\s/@'\"]{2,200}@[A-Za-z0-9.-]{1,100}"),
        "://",
        _is_password,
    ),
    Pattern("npm Token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"), "npm_"),
    Pattern(
        "npm Token",
        re.compile(
            r"(?<=_authToken=)\s{0,5}[\"']?[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}"
        ),
        "_authtoken=",
    ),
    # Those that the library does not know.
    Pattern(
        "GitHub Token", re.compile(r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"), "github_pat_"
    ),
    Pattern(
        "Anthropic Key", re.compile(r"\bsk-ant-[A-Za-z0-9]{2,10}-[A-Za-z0-9_-]{40,200}"), "sk-ant-"
    ),
    Pattern("OpenAI Key", re.compile(r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,300}"), "sk-"),
    Pattern("OpenRouter Key", re.compile(r"\bsk-or-v1-[a-f0-9]{64}\b"), "sk-or-v1-"),
    Pattern("Google API Key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"), "aiza"),
    Pattern(
        "Google OAuth Secret", re.compile(r"\bGOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])"), "gocspx-"
    ),
    Pattern("Slack Token", re.compile(r"\bxapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{32,}"), "xapp-"),
    Pattern("Hugging Face Token", re.compile(r"\bhf_[A-Za-z]{34}\b"), "hf_"),
    Pattern(
        "Private Key",
        re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
        "private key",
    ),
)

#: One of these stands in all that the library knows. Most texts hold none, and then it is not even
#: loaded, which takes longer than all else that a short attempt does in Python.
HINT = re.compile(
    r"AKC|AP[\dA-F]|A3T|ABIA|ACCA|AKIA|ASIA|[aA][wW][sS].{0,20}?(?i:key|pwd|pw|pass|token)"
    r"|AccountKey=|[MNO][\w-]{23,25}\.|gh[pousr]_|gl[a-z]{2,8}-|GR1348941|eyJ|[0-9a-z]{32}-us"
    r"|T3BlbkFJ|pypi-|SG\.|(?i:xox)|(?i:hooks\.slack)|sq0csp|k_live_|\d{8,10}:[\w-]{35}"
    r"|[AS][CK][a-z0-9]{32}|PuTTY|BEGIN "
)
#: What a text must hold, in small letters, for the library's pattern to be worth a try.
_NEEDS = {
    "GitHubTokenDetector": "gh",
    "GitLabTokenDetector": "g",
    "JwtTokenDetector": "eyj",
    "OpenAIDetector": "t3blbkfj",
    "PypiTokenDetector": "pypi-",
    "SendGridDetector": "sg.",
    "SquareOAuthDetector": "sq0csp-",
    "AzureStorageKeyDetector": "accountkey=",
    "MailchimpDetector": "-us",
    "PrivateKeyDetector": "key",
}


@functools.cache
def library() -> tuple[Pattern, ...]:
    """The library is loaded when it is needed first: it loads its network client as well."""
    from detect_secrets.plugins.artifactory import ArtifactoryDetector
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.private_key import PrivateKeyDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.square_oauth import SquareOAuthDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

    detectors = (
        *(ArtifactoryDetector, AWSKeyDetector, AzureStorageKeyDetector, DiscordBotTokenDetector),
        *(GitHubTokenDetector, GitLabTokenDetector, JwtTokenDetector, MailchimpDetector),
        *(OpenAIDetector, PrivateKeyDetector, PypiTokenDetector, SendGridDetector, SlackDetector),
        *(SquareOAuthDetector, StripeDetector, TelegramBotTokenDetector, TwilioKeyDetector),
    )
    found: list[Pattern] = []
    for detector in (made() for made in detectors):
        needs, kind = _NEEDS.get(type(detector).__name__, ""), str(detector.secret_type)
        for regex in detector.denylist:
            if isinstance(detector, JwtTokenDetector):
                found.append(Pattern(kind, regex, needs, detector.is_formally_valid))
            else:
                found.append(Pattern(kind, regex, needs))
    return tuple(found)
