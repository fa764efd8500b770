"""A browser's part: cookies, and forms that are really on the page."""

from html.parser import HTMLParser

import requests


class Form(HTMLParser):
    """The first form that posts to `action`, with the fields it would send."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.found = False
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str, bool]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = not self.found and values.get("action") == self.action
            self.found = self.found or self._inside
        elif self._inside and tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"]] = values["value"]
        elif self._inside and tag == "button":
            name, value = values.get("name", ""), values.get("value", "")
            self.buttons.append((name, value, "disabled" in values))


class Browser:
    """Somebody with cookies who fills in forms that are really on the page."""

    def __init__(self, url: str, login: str | None = None) -> None:
        self.url = url
        self.session = requests.Session()
        if login:
            self.send("/login", {"login": login, "next": "/"})

    def get(self, path: str, status: int = 200) -> str:
        answer = self.session.get(self.url + path, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(
        self, path: str, fields: dict[str, str], origin: str | None = None
    ) -> requests.Response:
        headers = {"Origin": self.url if origin is None else origin}
        return self.session.post(self.url + path, data=fields, headers=headers, timeout=30)

    def submit(self, page: str, action: str, **fields: str) -> str:
        """Fill in the form with this action on this page; the page it leads to."""
        form = Form(action)
        form.feed(self.get(page))
        assert form.found, f"{page} has no form for {action}"
        answer = self.send(action, form.fields | fields)
        assert answer.status_code == 200, answer.text
        return answer.text
