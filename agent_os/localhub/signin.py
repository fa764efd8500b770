"""Who a request comes from."""

from agent_os.localhub import accounts
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal
from agent_os.localhub.hub import Hub


def user_of(hub: Hub, authorization: str) -> User:
    """The user an Authorization header names; 401, also while his token is revoked."""
    with hub.db.transaction():
        user = accounts.authenticate(hub.db, authorization)
    if user.login.lower() in hub.revoked:
        raise Refusal(401, "Bad credentials")
    return user
