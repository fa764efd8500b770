"""Users and organizations, and how a request proves who it is."""

import base64
import binascii
import re
from dataclasses import dataclass

from agent_os.localhub.database import Database
from agent_os.localhub.errors import Refusal, not_found

LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,38})")
#: Ends the login of an app's account; GraphQL leaves it out.
BOT_SUFFIX = "[bot]"
RESERVED = ("api", "login", "logout")  # these lead elsewhere on this hub


@dataclass(frozen=True)
class User:
    """A person, a bot or an organization (`type` is User, Bot or Organization)."""

    id: int
    login: str
    type: str
    token: str | None
    created_at: str

    @property
    def email(self) -> str:
        """The address in commits that the hub writes for this user."""
        return f"{self.id}+{self.login}@users.noreply.localhub.invalid"


def find(db: Database, login: str) -> User | None:
    """By login, any case."""
    return db.one(User, "SELECT * FROM users WHERE login = ?", login)


def get(db: Database, login: str) -> User:
    """By login; 404."""
    user = find(db, login)
    if user is None:
        raise not_found()
    return user


def by_id(db: Database, user_id: int) -> User:
    """By id; 404."""
    user = db.one(User, "SELECT * FROM users WHERE id = ?", user_id)
    if user is None:
        raise not_found()
    return user


def people(db: Database) -> list[User]:
    """Every user who can sign in, by login."""
    return db.all(User, "SELECT * FROM users WHERE token IS NOT NULL ORDER BY login")


def add(db: Database, login: str, token: str, now: str) -> User:
    """Create a user, or give an existing one this token."""
    db.run("UPDATE users SET token = NULL WHERE token = ? AND login <> ?", token, login)
    kind = "Bot" if login.endswith(BOT_SUFFIX) else "User"
    if find(db, login) is None:
        db.insert("users", login=login, type=kind, token=token, created_at=now)
    else:
        db.run("UPDATE users SET token = ?, type = ? WHERE login = ?", token, kind, login)
    return get(db, login)


def owner(db: Database, login: str, now: str) -> User:
    """The account of this name; an organization is made of a name seen first. 404 for a name
    that no account can have."""
    if find(db, login) is None:
        if not LOGIN.fullmatch(login) or login.lower() in RESERVED:
            raise not_found()
        db.insert("users", login=login, type="Organization", token=None, created_at=now)
    return get(db, login)


def authenticate(db: Database, authorization: str) -> User:
    """The user an Authorization header names (token, Bearer, or Basic with the token as
    password); 401."""
    token = _token(authorization)
    user = db.one(User, "SELECT * FROM users WHERE token = ?", token) if token else None
    if user is None:
        raise Refusal(401, "Bad credentials")
    return user


def _token(authorization: str) -> str:
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return name if password in ("", "x-oauth-basic") else password
