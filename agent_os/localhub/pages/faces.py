"""The pictures of users: two letters on one of eight colors."""

import zlib

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import Response

# The same as `.face` in style.css.
COLORS = (
    "#4d7c6f", "#8a5a9e", "#b0653a", "#3d74a8", "#96842f", "#a84b62", "#54803a", "#5c63b0",
)  # fmt: skip
HEADERS = {
    "Cache-Control": "max-age=3600",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def number(login: str) -> int:
    """One of eight colors for a user, always the same."""
    return zlib.crc32(login.lower().encode()) % len(COLORS)


def picture(request: Request) -> Response:
    """A user's picture, as `avatar_url` in the API names it; any name has one."""
    login = str(request.path_params["login"])
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
        f'<circle cx="24" cy="24" r="24" fill="{COLORS[number(login)]}"/>'
        '<text x="24" y="31" text-anchor="middle" font-family="sans-serif" font-size="20" '
        f'font-weight="bold" fill="#fff">{escape(login[:2].upper())}</text></svg>'
    )
    return Response(svg, media_type="image/svg+xml", headers=HEADERS)
