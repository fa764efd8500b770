"""Sends what is pending, one after the other, from a thread of its own. As on GitHub, a failed
delivery is not sent again unless somebody asks."""

import hmac
import http.client
import logging
import threading
import time
from urllib.parse import urlencode

from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import deliveries, hooks, targets
from agent_os.localhub.webhooks.deliveries import Delivery, Outcome
from agent_os.localhub.webhooks.hooks import Hook

IDLE_SECONDS = 1.0
#: GitHub waits no longer for an answer.
TIMEOUT_SECONDS = 10.0
STOP_SECONDS = 2.0
MAX_ANSWER_BYTES = 100_000
log = logging.getLogger(__name__)


class Postman:
    """What is pending is in the database: a restart goes on."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more; what is pending stays so."""
        self._stopping.set()
        self._hub.hook_wake.set()
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        hub = self._hub
        while not self._stopping.is_set():
            hub.hook_wake.clear()
            try:
                self._round()
            except Exception:  # the thread's boundary: one bad delivery must not stop the others
                if self._stopping.is_set():  # the storage was closed meanwhile
                    return
                log.exception("webhooks could not be delivered")
            hub.hook_wake.wait(IDLE_SECONDS)

    def _round(self) -> None:
        waiting = self._waiting()
        settings = self._hub.disorder.settings
        if waiting and settings.order != "kept" and not settings.paused:
            self._stopping.wait(settings.window)
            waiting = self._waiting()
        for delivery, hook in self._hub.disorder.arranged(waiting):
            if self._stopping.is_set() or self._hub.disorder.settings.paused:
                return
            self._deliver(delivery, hook)

    def _waiting(self) -> list[tuple[Delivery, Hook]]:
        if self._hub.disorder.settings.paused:
            return []
        with self._hub.db.transaction():
            found = deliveries.pending(self._hub)
            pairs = [(each, hooks.by_id(self._hub, each.hook_id)) for each in found]
        return [(delivery, hook) for delivery, hook in pairs if hook is not None]

    def _deliver(self, delivery: Delivery, hook: Hook) -> None:
        times = self._hub.disorder.times(delivery.event)
        if not times:
            with self._hub.db.transaction():
                deliveries.drop(self._hub, delivery)
            return
        outcome = send(hook, delivery)
        for _ in range(times - 1):
            outcome = send(hook, delivery)
        with self._hub.db.transaction():
            deliveries.finish(self._hub, delivery, outcome)


def send(hook: Hook, delivery: Delivery) -> Outcome:
    """One request; redirects are not followed."""
    body, content_type = delivery.body, "application/json"
    if hook.content_type == "form":
        body = urlencode({"payload": body})
        content_type = "application/x-www-form-urlencoded"
    raw = body.encode()
    headers = _headers(hook, delivery, raw) | {"Content-Type": content_type}
    started = time.monotonic()
    try:
        code, status, answered, answer = _exchange(hook.url, raw, headers)
    except TimeoutError:
        code, status, answered, answer = 0, "timed out", {}, ""
    except (OSError, http.client.HTTPException):
        code, status, answered, answer = 502, "failed to connect to host", {}, ""
    return Outcome(code, status, time.monotonic() - started, headers, answered, answer)


def _exchange(
    url: str, raw: bytes, headers: dict[str, str]
) -> tuple[int, str, dict[str, str], str]:
    """(status code, status in words, headers, body) of the answer."""
    to = targets.target(url)
    connection = http.client.HTTPConnection(to.host, to.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", to.path, raw, headers)
        answer = connection.getresponse()
        text = answer.read(MAX_ANSWER_BYTES).decode(errors="replace")
    finally:
        connection.close()
    good = 200 <= answer.status < 300
    status = answer.reason or "OK" if good else f"Invalid HTTP Response: {answer.status}"
    return answer.status, status, dict(answer.getheaders()), text


def _headers(hook: Hook, delivery: Delivery, raw: bytes) -> dict[str, str]:
    headers = {
        "Accept": "*/*",
        "User-Agent": f"GitHub-Hookshot/{delivery.guid[:7]}",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(hook.repo_id),
        "X-GitHub-Hook-Installation-Target-Type": "repository",
    }
    if hook.secret:
        for name, algorithm in (("X-Hub-Signature", "sha1"), ("X-Hub-Signature-256", "sha256")):
            digest = hmac.new(hook.secret.encode(), raw, algorithm).hexdigest()
            headers[name] = f"{algorithm}={digest}"
    return headers
