"""What providers' errors mean, in the vendors' own words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.provider_errors import classify, is_overflow, status_in

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
#: Two days after summer time began in the United States.
PACIFIC_MIDNIGHT = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)

RATE = FailureCode.RATE_LIMITED
QUOTA = FailureCode.QUOTA_EXHAUSTED
BUSY = FailureCode.OVERLOADED
AUTH = FailureCode.AUTH_FAILED
MODEL = FailureCode.MODEL_UNAVAILABLE

Case = tuple[int, str, Mapping[str, object], FailureCode | None, datetime | None]


def after(**by: float) -> datetime:
    return NOW + timedelta(**by)


def google(quota: str, delay: str) -> dict[str, object]:
    error: dict[str, object] = {
        "error": {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "You exceeded your current quota, please check your plan and billing "
            f"details.\n* Quota exceeded for metric: x, limit: 10\nPlease retry in {delay}.",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaMetric": "generate_requests", "quotaId": quota}],
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
            ],
        }
    }
    return {"error": error}


ANTHROPIC: dict[str, Case] = {
    "key": (401, "invalid x-api-key", {"error": {"type": "authentication_error"}}, AUTH, None),
    "permission": (403, "Request not allowed", {}, AUTH, None),
    "rate": (
        429,
        "This request would exceed your organization's rate limit",
        {"retry-after": "17", "error": {"type": "rate_limit_error"}},
        RATE,
        after(seconds=17),
    ),
    "rate, no reset": (429, "Number of request tokens has exceeded", {}, RATE, None),
    "rate by limits": (
        429,
        "slower please",
        {
            "anthropic-ratelimit-requests-remaining": "12",
            "anthropic-ratelimit-requests-reset": "2026-03-10T12:30:00Z",
            "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": "2026-03-10T12:01:00Z",
        },
        RATE,
        after(minutes=1),
    ),
    "credit": (
        400,
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing",
        {"error": {"type": "invalid_request_error"}},
        QUOTA,
        None,
    ),
    "credit, with the limits of a minute": (
        400,
        "Your credit balance is too low",
        {"anthropic-ratelimit-tokens-reset": "2026-03-10T12:01:00Z", "retry-after": "17"},
        QUOTA,
        None,
    ),
    "workspace limit": (
        400,
        (
            "You have reached your specified API usage limits. You will regain access on "
            "2026-04-01 at 00:00 UTC."
        ),
        {},
        QUOTA,
        datetime(2026, 4, 1, tzinfo=UTC),
    ),
    "subscription": (
        429,
        "This request would exceed your account's rate limit. Please try again later.",
        {
            "anthropic-ratelimit-unified-status": "rejected",
            "anthropic-ratelimit-unified-reset": str(int(after(hours=4).timestamp())),
        },
        QUOTA,
        after(hours=4),
    ),
    "epoch after a bar": (
        0,
        f"Claude AI usage limit reached|{int(after(hours=3).timestamp())}",
        {},
        QUOTA,
        after(hours=3),
    ),
    "time of day": (0, "5-hour limit reached ∙ resets 3pm", {}, QUOTA, after(hours=3)),
    "usage limit and a time": (0, "usage limit reached|resets 3pm", {}, QUOTA, after(hours=3)),
    "earlier than now is tomorrow": (
        0,
        "You’ve hit your limit · resets 11:30am (UTC)",
        {},
        QUOTA,
        after(hours=23, minutes=30),
    ),
    "zone": (
        0,
        "You've hit your session limit · resets 3pm (Europe/Berlin)",
        {},
        QUOTA,
        after(hours=2),
    ),
    "date": (
        0,
        "Weekly limit reached ∙ resets Mar 12, 1pm (UTC)",
        {},
        QUOTA,
        after(days=2, hours=1),
    ),
    "date of next year": (
        0,
        "You've hit your weekly limit · resets Jan 2 at 9am",
        {},
        QUOTA,
        datetime(2027, 1, 2, 9, tzinfo=UTC),
    ),
    "model": (404, "model: claude-nope", {"error": {"type": "not_found_error"}}, MODEL, None),
    "model in claude's words": (
        0,
        (
            "There's an issue with the selected model (claude-nope). It may not exist or you may "
            "not have access to it."
        ),
        {},
        MODEL,
        None,
    ),
    "server": (500, "Internal server error", {"error": {"type": "api_error"}}, BUSY, None),
    "overloaded": (529, "Overloaded", {}, BUSY, None),
    "overloaded in a stream": (200, "Overloaded", {"type": "overloaded_error"}, BUSY, None),
    "rate in a stream": (200, "slower", {"error": {"type": "rate_limit_error"}}, RATE, None),
    "status in the text": (
        0,
        'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Over"}}',
        {},
        BUSY,
        None,
    ),
    "login": (0, "Invalid API key · Please run /login", {}, AUTH, None),
    "too long": (400, "prompt is too long: 210000 tokens > 200000 maximum", {}, None, None),
    "our own mistake": (400, "messages.1.content: field required", {}, None, None),
}

OPENAI: dict[str, Case] = {
    "key": (401, "Incorrect API key provided: sk-x", {"code": "invalid_api_key"}, AUTH, None),
    "region": (403, "Country, region, or territory not supported", {}, MODEL, None),
    "model denied": (403, "Project `p` does not have access to model `m`", {}, MODEL, None),
    "model": (
        404,
        "The model `gpt-9` does not exist or you do not have access to it.",
        {"code": "model_not_found"},
        MODEL,
        None,
    ),
    "rate": (
        429,
        (
            "Rate limit reached for gpt-5 in organization org-1 on tokens per min (TPM): "
            "Limit 10000, Used 9000, Requested 2000. Please try again in 1m30.5s."
        ),
        {"code": "rate_limit_exceeded"},
        RATE,
        after(seconds=90.5),
    ),
    "rate, milliseconds": (429, "Please try again in 120ms.", {}, RATE, after(seconds=0.12)),
    "rate by limits": (
        429,
        "Rate limit reached",
        {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "1s"},
        RATE,
        after(minutes=6),
    ),
    "rate with a date": (
        429,
        "Too Many Requests",
        {"Retry-After": "Tue, 10 Mar 2026 12:05:00 GMT"},
        RATE,
        after(minutes=5),
    ),
    "quota": (
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        {"error": {"code": "insufficient_quota"}},
        QUOTA,
        None,
    ),
    "plan's window": (
        429,
        "The usage limit has been reached",
        {"error": {"type": "usage_limit_reached", "resets_at": int(after(days=1).timestamp())}},
        QUOTA,
        after(days=1),
    ),
    "plan's window in seconds": (
        429,
        "The usage limit has been reached",
        {"error": {"type": "usage_limit_reached", "resets_in_seconds": 90}},
        QUOTA,
        after(seconds=90),
    ),
    "codex": (
        0,
        (
            "You've hit your usage limit. Upgrade to Pro (https://example.com) or try again in "
            "3 days 2 hours 5 minutes."
        ),
        {},
        QUOTA,
        after(days=3, hours=2, minutes=5),
    ),
    "codex at a date": (
        0,
        (
            "You've hit your usage limit. To get more access now, or try again at "
            "Mar 21st, 2026 3:05 PM."
        ),
        {},
        QUOTA,
        datetime(2026, 3, 21, 15, 5, tzinfo=UTC),
    ),
    "codex, retries over": (
        0,
        "exceeded retry limit, last status: 429 Too Many Requests",
        {},
        RATE,
        None,
    ),
    "codex, key": (0, "unexpected status 401 Unauthorized: no key", {}, AUTH, None),
    "codex, cut": (
        0,
        "stream disconnected before completion: stream closed before response.completed",
        {},
        BUSY,
        None,
    ),
    "codex, capacity": (0, "Selected model is at capacity. Please try another.", {}, BUSY, None),
    "unavailable": (503, "The engine is currently overloaded", {}, BUSY, None),
    "gateway": (502, "<html>Bad Gateway</html>", {}, BUSY, None),
    "too long": (400, "x", {"code": "context_length_exceeded"}, None, None),
    "our own mistake": (400, "Unsupported parameter for this model: top_p", {}, None, None),
}

GOOGLE: dict[str, Case] = {
    "key": (400, "API key not valid. Please pass a valid API key.", {}, AUTH, None),
    "expired key": (400, "API key expired. Please renew the API key.", {}, AUTH, None),
    "denied": (403, "PERMISSION_DENIED", {}, AUTH, None),
    "a minute's quota": (
        429,
        "Quota exceeded",
        google("GenerateRequestsPerMinutePerProjectPerModel", "17s"),
        RATE,
        after(seconds=17),
    ),
    "a day's quota": (
        429,
        "Quota exceeded",
        google("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "17s"),
        QUOTA,
        PACIFIC_MIDNIGHT,
    ),
    "a day's quota with its time": (
        429,
        "Quota exceeded",
        google("GenerateRequestsPerDayPerProjectPerModel", "7200s"),
        QUOTA,
        after(hours=2),
    ),
    "plan": (
        429,
        "You have exhausted your capacity on this model. Your quota will reset after 3h20m.",
        {},
        QUOTA,
        after(hours=3, minutes=20),
    ),
    "as text": (
        0,
        '[API Error: {"code":429,"status":"RESOURCE_EXHAUSTED","x":[{"retryDelay": "9s"}]}]',
        {},
        RATE,
        after(seconds=9),
    ),
    "only the message": (
        0,
        (
            "You exceeded your current quota, please check your plan and billing details.\n"
            "* Quota exceeded for metric: x, limit: 250\nPlease retry in 17.5s."
        ),
        {},
        RATE,
        after(seconds=17.5),
    ),
    "capacity": (429, "No capacity available for model gemini-3", {}, BUSY, None),
    "model": (404, "models/gemini-9 is not found for API version v1beta", {}, MODEL, None),
    "busy": (503, "The model is overloaded. Please try again later.", {}, BUSY, None),
    "too long": (
        400,
        "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
        {},
        None,
        None,
    ),
}

OTHERS: dict[str, Case] = {
    "deepseek, balance": (402, "Insufficient Balance", {}, QUOTA, None),
    "deepseek, model": (400, "Model Not Exist", {}, MODEL, None),
    "deepseek, key": (401, "Authentication Fails, Your api key is invalid", {}, AUTH, None),
    "vllm": (404, "The model `m` does not exist.", {}, MODEL, None),
    "ollama": (404, "model 'm' not found, try pulling it first", {}, MODEL, None),
    "some server, model": (400, "model m not found", {}, MODEL, None),
    "nobody there": (0, "Connection error: ECONNREFUSED", {}, BUSY, None),
    "nothing said": (0, "", {}, None, None),
    "a reset of nonsense": (429, "", {"retry-after": "999999999"}, RATE, None),
    "a reset in the past": (429, "", {"retry-after": "Tue, 10 Mar 2020 12:05:00 GMT"}, RATE, NOW),
    "a number without a meaning": (429, "try again in soon", {"retry-after": "x"}, RATE, None),
    "server's words do not make it a quota": (500, "insufficient_quota", {}, BUSY, None),
}

ALL = {
    f"{vendor}: {name}": case
    for vendor, cases in (
        ("anthropic", ANTHROPIC),
        ("openai", OPENAI),
        ("google", GOOGLE),
        ("others", OTHERS),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
def test_words_of_vendors(case: Case) -> None:
    status, text, fields, code, resets_at = case
    assert classify(status, text, fields, NOW) == (code, resets_at)


@pytest.mark.parametrize(
    ("status", "text", "fields"),
    [
        (400, "prompt is too long: 210000 tokens > 200000 maximum", {}),
        (400, "input length and `max_tokens` exceed context limit: 1 + 2 > 2", {}),
        (413, "Request exceeds the maximum size", {"type": "request_too_large"}),
        (400, "This model's maximum context length is 8192 tokens.", {}),
        (0, "x", {"code": "context_length_exceeded"}),
        (200, "Your input exceeds the context window of this model.", {}),
        (400, "The input token count (9) exceeds the maximum number of tokens allowed (8).", {}),
    ],
)
def test_too_long_is_a_kind_of_its_own(status: int, text: str, fields: dict[str, str]) -> None:
    assert is_overflow(status, text, fields)
    assert classify(status, text, fields, NOW).code is None


def test_what_is_not_too_long() -> None:
    assert not is_overflow(429, "maximum context length", {})
    assert not is_overflow(400, "max_tokens: must be positive", {})


def test_status_is_found_where_programs_write_it() -> None:
    assert status_in("API Error: 529 {}") == 529
    assert status_in("unexpected status 401 Unauthorized") == 401
    assert status_in("Request 429 of 500 was fine") == 0


def test_no_text_makes_it_slow() -> None:
    """Patterns are bounded: long hostile texts cost about what short ones do."""
    hostile = (
        "model " * 50_000,
        "try again in " + "1h" * 100_000,
        "1" * 300_000,
        "resets " * 60_000,
        "reset after 1 " * 30_000,
        "2026-01-01T00:00" * 20_000,
        "error " * 60_000,
        "input token count " * 20_000,
    )
    begun = time.process_time()
    for text in hostile:
        classify(0, text, {"message": text, "retry-after": text}, NOW)
        is_overflow(400, text, {"x": [text] * 5})
    # A pattern that blows up takes hours here; this is a bound, not a measure.
    assert time.process_time() - begun < 20


def test_bodies_without_end_are_cut() -> None:
    nested: dict[str, object] = {"message": "insufficient_quota"}
    for _ in range(500):
        nested = {"error": nested}
    assert classify(429, "", nested, NOW).code is RATE
    wide: dict[str, object] = {"details": [{"n": i} for i in range(100_000)]}
    assert classify(429, "", wide, NOW).code is RATE


@pytest.mark.parametrize("name", ["resets_in_seconds", "retry-after-ms", "retry-after"])
def test_a_reset_beyond_all_calendars_is_none(name: str) -> None:
    assert classify(429, "", {name: "9" * 15}, NOW).resets_at is None
