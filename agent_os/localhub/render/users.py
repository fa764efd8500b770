"""Users and organizations."""

from typing import Any
from urllib.parse import quote

from agent_os.localhub import accounts
from agent_os.localhub.accounts import User
from agent_os.localhub.render.view import View, node_id


def avatar(view: View, login: str) -> str:
    """The picture of a user."""
    return f"{view.base}/_pages/faces/{quote(login)}.svg"


def user(view: View, who: User) -> dict[str, Any]:
    """The short form inside other objects."""
    url = f"{view.api}/users/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id(who.type, who.id),
        "avatar_url": avatar(view, who.login),
        "gravatar_id": "",
        "url": url,
        "html_url": f"{view.base}/{who.login}",
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": who.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def by_id(view: View, user_id: int | None) -> dict[str, Any] | None:
    """The short form of the user with this id, None for none."""
    return None if user_id is None else user(view, accounts.by_id(view.hub.db, user_id))


def short_organization(view: View, who: User) -> dict[str, Any]:
    """An organization inside webhook payloads."""
    same = ("login", "id", "node_id", "url", "repos_url", "events_url", "hooks_url", "issues_url",
            "members_url", "public_members_url", "avatar_url", "description")  # fmt: skip
    drawn = organization(view, who)
    return {name: drawn[name] for name in same}


def full(view: View, who: User) -> dict[str, Any]:
    """As GET /user and /users/{login} show it."""
    return user(view, who) | {
        "name": who.login,
        "company": None,
        "blog": "",
        "location": None,
        "email": None if who.type == "Organization" else who.email,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": who.created_at,
        "updated_at": who.created_at,
    }


def organization(view: View, who: User) -> dict[str, Any]:
    """As GET /orgs/{org} shows it."""
    url = f"{view.api}/orgs/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id(who.type, who.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": avatar(view, who.login),
        "description": None,
        "html_url": f"{view.base}/{who.login}",
        "type": "Organization",
        "has_organization_projects": False,
        "has_repository_projects": False,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "archived_at": None,
        "created_at": who.created_at,
        "updated_at": who.created_at,
    }
