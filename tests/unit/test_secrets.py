"""The finder: exact values in all their forms, known forms of tokens, and what is none."""

from __future__ import annotations

import base64
import itertools
import json
import random
import string
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings, strategies
from hypothesis import strategies as st
from pydantic import SecretStr

from agent_os.config.agents import ApiKey, ProviderSettings
from agent_os.config.services import GitHubSettings, StoreSettings, WebhookSettings
from agent_os.config.settings import Config
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.effects import SetLabels, WriteComment
from agent_os.effects.redaction import cleaned, finder_of, names_a_secret
from agent_os.policy import texts
from agent_os.secrets import patterns
from agent_os.secrets.finder import HIDDEN, KNOWN_VALUE, Finder, shown
from agent_os.secrets.stream import RedactedStream
from agent_os.secrets.values import Values

VALUE = "s3cr3t/Value+of-ours=1"
LETTERS = string.ascii_letters + string.digits


def some(length: int, letters: str = LETTERS) -> str:
    """Random, and the same at each run; no real token stands in this file."""
    return "".join(random.Random(length).choices(letters, k=length))


def jwt() -> str:
    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'HS256'})}.{part({'sub': '1234567890'})}.{some(43)}"


TOKENS = {
    "AWS Access Key": "AKIA" + some(16, string.ascii_uppercase),
    "GitHub Token": "ghp_" + some(36),
    "GitHub Token (fine-grained)": f"github_pat_{some(22)}_{some(59)}",
    "GitLab Token": "glpat-" + some(20),
    "Slack Token": "xoxb-123456789012-123456789012-" + some(24),
    "Slack Token (app)": f"xapp-1-A012345678-1234567890123-{some(64, '0123456789abcdef')}",
    "Stripe Access Key": "sk_live_" + some(24),
    "Private Key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "Private Key (encrypted)": "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "JSON Web Token": jwt(),
    "Basic Auth Credentials": f"https://build:{some(20)}@registry.acme.io/x",
    "npm Token": "npm_" + some(36),
    "npm Token (old)": "//r.acme.io/:_authToken=01234567-89ab-cdef-0123-456789abcdef",
    "PyPI Token": "pypi-AgEIcHlwaS5vcmc" + some(70),
    "SendGrid API Key": f"SG.{some(22)}.{some(43)}",
    "Twilio API Key": "SK" + some(32, "0123456789abcdef"),
    "OpenAI Token": f"sk-{some(20)}T3BlbkFJ{some(20)}",
    "OpenAI Key": "sk-proj-" + some(60),
    "Anthropic Key": "sk-ant-api03-" + some(90),
    "Google API Key": "AIza" + some(35),
    "Azure Storage Account access key": f"AccountKey={some(86)}==",
    "Telegram Bot Token": f"123456789:{some(35)}",
    "Discord Bot Token": f"M{some(23)}.{some(6)}.{some(27)}",
    "Hugging Face Token": "hf_" + some(34, string.ascii_letters),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_known_forms_are_found_and_shown_by_four_characters(kind: str) -> None:
    token = TOKENS[kind]
    text = f"before\nx = '{token}'  # pragma: allowlist secret\nafter {token}\n"
    finds = Finder().finds(text)
    assert {find.kind for find in finds} == {kind.partition(" (")[0]}
    assert len(finds) == 2
    clean = Finder().redact(text)
    assert token not in clean and clean.count(HIDDEN) == 2 and clean.startswith("before\n")
    assert all(len(shown(text, find)) <= 5 for find in finds)
    assert not Finder(patterns=False).holds(text)


@pytest.mark.parametrize("before", range(1_900, 2_100, 7))
def test_a_token_in_a_long_line_is_found_wherever_it_stands(before: int) -> None:
    token = TOKENS["GitHub Token (fine-grained)"]
    text = f"{'x ' * (before // 2)}{token}{' y' * 2_000}"
    assert Finder().redact(text) == text.replace(token, HIDDEN)


@pytest.mark.parametrize(
    "text",
    [
        "token = 'changeme'; password = secret; api_key=ABCDEF",
        "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "https://user:password@acme.io https://x-access-token:$TOKEN@github.com",
        "postgres://app:app@db.acme.io/x postgres://app:hunter2@localhost/x",
        "https://name:hunter2@example.com http://a:{token}@hub.acme.io",
        "sk-not-a-key ghp_short npm_config_cache AIzaShort eyJhbGciOi.no.token",
        "2026-01-05T12:00:00+00:00 12:30:45 http://127.0.0.1:8080/a@b ssh://git@github.com:22/x",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Finder().finds(text) == []


def apart(text: str, between: str) -> str:
    return between.join(text)


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        VALUE[::-1],
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(b"a" + VALUE.encode() + b"bc").decode(),
        base64.urlsafe_b64encode(b"ab" + VALUE.encode()).decode(),
        base64.b64encode(VALUE[::-1].encode()).decode(),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
        apart(VALUE.encode().hex(), ":"),
        quote(VALUE, safe=""),
        quote(VALUE, safe="").lower(),
        json.dumps(VALUE),
        f"{VALUE[:9]}\n{VALUE[9:]}",
        f"'{VALUE[:9]}'\n    '{VALUE[9:]}'",
        apart(VALUE, " "),
        VALUE.encode("utf-16").decode("utf-8", "replace"),
    ],
)
def test_an_exact_value_is_found_in_its_forms(form: str) -> None:
    finder = Finder([VALUE], patterns=False)
    text = f"first line\nsaid: {form} and more\n"
    assert [find.exact for find in finder.finds(text)] == [True]
    clean = finder.redact(text)
    assert not finder.holds(clean)
    assert clean.startswith("first line\n") and clean.endswith("and more\n")
    assert VALUE[1:8] not in clean


@pytest.mark.parametrize("value", ["", "short", "not-told-apart", "a b c d e f g h"])
def test_what_is_too_plain_is_found_only_as_it_stands(value: str) -> None:
    """Short ones stand anywhere; words without a digit stand in prose with spaces between."""
    finder = Finder([value])
    assert not finder.holds("it is not told apart, and shorter; a-b-c-d-e-f-g-h")
    assert finder.holds(f"x{value}x") is (len(value) >= 8)


def test_an_exact_value_within_a_token_goes_with_it() -> None:
    token = TOKENS["GitHub Token"]
    finder = Finder([token[10:25]])
    assert [find.kind for find in finder.finds(token)] == [KNOWN_VALUE]
    assert finder.redact(f"<{token}>") == f"<{HIDDEN}>"


def test_data_is_redacted_in_keys_and_values() -> None:
    data = {"a": [1, None, f"x {VALUE}"], VALUE: {"b": True}}
    assert Finder([VALUE]).redact_data(data) == {"a": [1, None, "x [key]"], "[key]": {"b": True}}


@given(
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
    cuts=st.lists(st.integers(0, 120), max_size=6),
)
def test_a_stream_never_lets_a_value_through(before: bytes, after: bytes, cuts: list[int]) -> None:
    """However it is cut into pieces; and nothing else is lost."""
    data = before + VALUE.encode() + after
    stream = RedactedStream(Values([VALUE]))
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    out = b"".join(stream.take(data[a:b]) for a, b in itertools.pairwise(places))
    out += stream.end()
    assert VALUE.encode() not in out
    assert out == before + HIDDEN.encode() + after


def test_a_stream_without_secrets_holds_nothing_back() -> None:
    stream = RedactedStream(Values(()))
    assert stream.take(b"s3cr") == b"s3cr"
    stream = RedactedStream(Values([VALUE]))
    assert stream.take(b"progress: 50%\n") == b"progress: 50%\n"
    assert stream.take(b"s3cr") == b"" and stream.take(b"et") == b"s3cret"


@pytest.mark.parametrize("unit", ["eyJ", "xoxa-1-", "://a:", "sk-", "glpat-", "AKC", "aws key '"])
def test_hostile_text_is_found_or_not_in_bounded_pieces(unit: str) -> None:
    """One endless line costs as much as many lines: a pattern that went back and forth over half
    a megabyte would not come to an end here."""
    Finder([VALUE]).redact(unit * (500_000 // len(unit)))


def config() -> Config:
    return Config(
        github=GitHubSettings(token=SecretStr("the-github-token-1")),
        webhooks=WebhookSettings(listen=":1", secret=SecretStr("the-webhook-secret-1")),
        providers={
            "one": ProviderSettings(
                api="anthropic", api_key=ApiKey(variable="K", value=SecretStr("the-provider-key-1"))
            )
        },
        store=StoreSettings(url="postgresql://me:the-p%40ssword-1@127.0.0.1/x"),
    )


@pytest.mark.parametrize(
    "secret",
    ["the-github-token-1", "the-webhook-secret-1", "the-provider-key-1", "the-p@ssword-1"],
)
def test_every_secret_of_the_config_is_known(secret: str) -> None:
    assert [f.exact for f in finder_of(config()).finds(f"it is {secret}.")] == [True]


def test_an_effect_loses_secrets_in_its_words_and_keeps_what_was_decided() -> None:
    place: Any = {"repo_id": 1, "repo": "acme/todo", "number": 3, "round": 1}
    body = f"See the-github-token-1 and {TOKENS['GitHub Token']}."
    effect = WriteComment(**place, purpose="status", state="x", body=body)
    clean, kinds = cleaned(effect, finder_of(config()))
    assert isinstance(clean, WriteComment)
    assert clean.body == "See [key] and [key]."
    assert kinds == (KNOWN_VALUE, "GitHub Token")
    assert clean.decided == texts.digest(body)
    assert cleaned(clean, finder_of(config())) == (clean, ())
    labels = SetLabels(**place, label="", add=(TOKENS["GitHub Token"],), remove=())
    assert names_a_secret(labels, finder_of(config())) == ("GitHub Token",)
    assert names_a_secret(effect, finder_of(config())) == ()


@pytest.mark.parametrize(
    ("value", "looked_for"),
    [
        *(("postgres", False), ("agent-os", False), ("short1", False)),
        *(("hunter22", True), ("correcthorsebattery", True), ("Tr0ub4dor", True)),
    ],
)
def test_a_common_word_is_no_secret_that_can_be_found(value: str, looked_for: bool) -> None:
    """It would stand in branches and in our own marks, and every effect would be refused."""
    assert Finder([value]).holds(f"agent/12-fix-{value}-driver") is looked_for


def test_a_word_of_ours_that_is_also_a_secret_stays_where_only_such_words_may_stand() -> None:
    gate = GateResult(name="setup", verdict=Verdict.NONE, detail="it is none configured")
    found = Finder([Verdict.NONE.value]).redact_model(gate)
    assert (found.verdict, found.detail) == (Verdict.NONE, "it is [key]")


@pytest.mark.parametrize("pattern", patterns.library(), ids=lambda p: p.kind)
def test_whatever_the_library_would_find_has_a_hint_of_it(pattern: patterns.Pattern) -> None:
    """Without a hint the library is not asked."""

    @settings(max_examples=25, deadline=None, database=None)
    @given(strategies.from_regex(pattern.regex))
    def every_match(text: str) -> None:
        found = pattern.regex.search(text)
        assert found is None or patterns.HINT.search(found[0])

    every_match()
