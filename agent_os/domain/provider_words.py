"""The vendors' words for what went wrong, in lower case; see `provider_errors.py`.

Patterns are bounded and hold no nested repetition: they read text from outside.
"""

from __future__ import annotations

import re

#: The account has no more for now: money, a plan's window, a day's allowance.
QUOTA = (
    "credit balance is too low",
    "credit balance too low",
    "specified api usage limits",
    "usage limit reached",
    "usage limit has been reached",
    "usage_limit_reached",
    "usage_limit_exceeded",
    "usage_not_included",
    "hit your usage limit",
    "reached your usage limit",
    "hit your limit",
    "hit your session limit",
    "hit your weekly limit",
    "hit your opus limit",
    "hit your sonnet limit",
    "hour limit reached",
    "session limit reached",
    "weekly limit reached",
    "opus limit reached",
    "out of extra usage",
    "out of credits",
    "insufficient_quota",
    "insufficient balance",
    "insufficient credits",
    "quota exceeded. check your plan and billing",
    "billing_hard_limit_reached",
    "billing hard limit",
    "billing_not_active",
    "billing_error",
    "account is not active",
    "quota will reset after",
    "exhausted your daily quota",
    "exhausted your capacity on this model",
    "quota_exhausted",
    "free_tier_exhausted",
    "daily limit reached",
)
#: OpenAI says it of an empty account, Google of each of its limits.
QUOTA_UNLESS_GOOGLE = "exceeded your current quota, please check your plan and billing"
#: Google's names of quotas, e.g. GenerateRequestsPerDayPerProjectPerModel-FreeTier.
QUOTA_OF_A_DAY = ("perday", "per_day")
CAPACITY = (
    "model_capacity_exhausted",
    "no capacity available",
    "at capacity",
    "overloaded",
    "server_is_overloaded",
    "slow_down",
    "too busy",
    "high demand",
)
RATE = (
    "rate_limit",
    "rate limit",
    "too many requests",
    "resource_exhausted",
    "resource has been exhausted",
    "quota exceeded for metric",
    "throttl",
)
KEY = (
    "api_key_invalid",
    "api key not valid",
    "api key expired",
    "invalid_api_key",
    "invalid api key",
    "incorrect api key",
    "invalid x-api-key",
    "invalid bearer token",
    "authentication_error",
    "authentication fails",
    "authentication_failed",
    "failed to authenticate",
    "oauth token has expired",
    "oauth token revoked",
    "token_expired",
    "please run /login",
    "not logged in",
    "permission_error",
    "permission_denied",
    "unauthenticated",
    "unauthorized",
    "organization has been disabled",
)
MODEL = (
    "model_not_found",
    "model not exist",
    "issue with the selected model",
    "user location is not supported",
    "country, region, or territory not supported",
)
MODEL_GONE = re.compile(
    r"\bmodels?\b[^\n]{0,160}?(?:not found|does not exist|not_found|is not supported for|"
    r"is not available|no longer available|has been deprecated)"
    r"|not_found_error[^\n]{0,80}?\bmodel\b"
    r"|access to (?:the )?model\b",
    re.IGNORECASE,
)
UNREACHABLE = (
    "econnrefused",
    "econnreset",
    "enotfound",
    "etimedout",
    "fetch failed",
    "connection error",
    "connection refused",
    "connection reset",
    "unable to connect",
    "error sending request",
    "socket hang up",
    "stream disconnected before completion",
    "stream closed before",
    "stream ended without",
    "incomplete chunked read",
    "peer closed connection",
    "internal server error",
    "service unavailable",
    "bad gateway",
    "gateway timeout",
    "api_error",
    "server_error",
    "request timed out",
)
OVERFLOW = (
    "prompt is too long",
    "exceed context limit",
    "context_length_exceeded",
    "context length exceeded",
    "maximum context length",
    "exceeds the context window",
    "exceeded model token limit",
    "context window exceeded",
    "out of room in the model's context window",
    "exceeds the available context size",
    "request_too_large",
    "maximum allowed number of input tokens",
)
OVERFLOW_COUNT = re.compile(
    r"input token count[^\n]{0,60}?exceeds|input is too long|input tokens exceed", re.IGNORECASE
)
STATUS = re.compile(
    r"(?:api error:?|error code:?|status(?: code)?:?|statuscode\"?:|http(?:/[\d.]{1,3})?|"
    r"\"code\":|error)\s{0,2}\(?([45]\d\d)\b",
    re.IGNORECASE,
)
