"""GitHub-flavoured Markdown to safe HTML: no raw HTML but <details>, <br> and hidden comments."""

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

_FOLD = re.compile(r"<(/?)details(?:\s+open)?\s*>|<summary>(.*?)</summary>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BOX = re.compile(r"\[([ xX])\]\s+")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|[/#]", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?P<url>https?://[^\s<>\"')\]]+[^\s<>\"')\].,;:!?*_`])"
    r"|(?<![\w/])(?:(?P<repo>[\w.-]+/[\w.-]+))?\#(?P<number>[1-9]\d{0,8})\b"
)


def render(text: str | None, repository: str = "") -> Markup:
    """What people write, as HTML; a line break is kept.

    repository -- owner/name, to which `#12` leads; "" for no such links.
    """
    return _render(text, {"repository": repository}, breaks=True)


def render_file(text: str | None, repository: str, folder: str) -> Markup:
    """A Markdown file as HTML. folder -- the address that relative links start from."""
    return _render(text, {"repository": repository, "folder": folder}, breaks=False)


def _render(text: str | None, places: dict[str, str], *, breaks: bool) -> Markup:
    if not text or not text.strip():
        return Markup("")
    # The parser escapes all text and passes no HTML of the text's own.
    return Markup(_parser(breaks).render(text.replace("\x00", "\ufffd"), places))


@cache
def _parser(breaks: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": breaks})
    parser.enable(["table", "strikethrough"])
    rules: RuleOptionsType = {"alt": ["paragraph", "blockquote", "list"]}
    parser.block.ruler.before("paragraph", "fold", _fold_rule, rules)
    parser.block.ruler.before("fold", "hidden_comment", _comment_block, rules)
    parser.inline.ruler.before("text", "hidden_comment", _comment_inline)
    parser.inline.ruler.before("hidden_comment", "break_tag", _break_tag)
    parser.core.ruler.push("folds", _balance_folds)
    parser.core.ruler.push("boxes", _boxes)
    parser.core.ruler.push("references", _references)
    parser.core.ruler.push("outside_links", _outside_links)
    parser.add_render_rule("fold", _render_fold)
    parser.add_render_rule("box", _render_box)
    parser.add_render_rule("image", _render_image)
    return parser


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _fold_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line of nothing but <details>, </details> and <summary>…</summary>."""
    del end
    line = _line(state, start).strip()
    tags = list(_FOLD.finditer(line))
    if not tags or "".join(tag.group(0) for tag in tags) != line.replace("> <", "><"):
        return False
    if not silent:
        for tag in tags:
            token = state.push("fold", "", 0)
            summary = tag.group(2)
            token.info = "summary" if summary is not None else tag.group(1) + "details"
            token.content = re.sub(r"</?\w+>", "", summary or "")
        state.line = start + 1
    return True


def _comment_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block that is only an HTML comment is not shown."""
    if not _line(state, start).startswith("<!--"):
        return False
    for line in range(start, end):
        rest = _line(state, line)
        if "-->" in rest:
            if rest.partition("-->")[2].strip():
                return False
            if not silent:
                state.line = line + 1
            return True
    return False


def _comment_inline(state: StateInline, silent: bool) -> bool:
    del silent
    match = _COMMENT.match(state.src, state.pos)
    if match is None:
        return False
    state.pos = match.end()
    return True


def _break_tag(state: StateInline, silent: bool) -> bool:
    match = _BREAK.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True


def _balance_folds(state: StateCore) -> None:
    """Drop a closing tag without its opening one on the same level, and close what is left."""
    kept: list[Token] = []
    open_levels: list[int] = []
    for token in state.tokens:
        while open_levels and token.level < open_levels[-1]:
            open_levels.pop()
            kept.append(Token("fold", "", 0, info="/details"))
        if token.type == "fold" and token.info == "details":
            open_levels.append(token.level)
        elif token.type == "fold" and token.info == "/details":
            if not open_levels or open_levels[-1] != token.level:
                continue
            open_levels.pop()
        kept.append(token)
    kept.extend(Token("fold", "", 0, info="/details") for _ in open_levels)
    state.tokens = kept


def _boxes(state: StateCore) -> None:
    """`- [x] done` gets a check box."""
    for item, paragraph, inline in zip(
        state.tokens, state.tokens[1:], state.tokens[2:], strict=False
    ):
        if item.type != "list_item_open" or paragraph.type != "paragraph_open":
            continue
        first = inline.children[0] if inline.children else None
        match = _BOX.match(first.content) if first is not None and first.type == "text" else None
        if first is not None and inline.children is not None and match is not None:
            item.attrJoin("class", "task")
            first.content = first.content[match.end() :]
            box = Token("box", "", 0, info=match.group(1).lower())
            inline.children.insert(0, box)


def _references(state: StateCore) -> None:
    """Plain addresses and #12 become links."""
    repository = str(state.env.get("repository", ""))
    for block in state.tokens:
        children: list[Token] = []
        depth = 0
        for token in block.children or ():
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            plain = token.type != "text" or depth
            children.extend([token] if plain else _linked(token, repository))
        if block.children is not None:
            block.children = children


def _linked(token: Token, repository: str) -> list[Token]:
    found: list[Token] = []
    done = 0
    for match in _REFERENCE.finditer(token.content):
        where = match["repo"] or repository
        if match["url"] is None and not where:
            continue
        target = match["url"] or f"/{where}/issues/{match['number']}"
        found.append(Token("text", "", 0, content=token.content[done : match.start()]))
        found.append(Token("link_open", "a", 1, attrs={"href": target}))
        found.append(Token("text", "", 0, content=match.group(0)))
        found.append(Token("link_close", "a", -1))
        done = match.end()
    found.append(Token("text", "", 0, content=token.content[done:]))
    return found


def _outside_links(state: StateCore) -> None:
    folder = str(state.env.get("folder", ""))
    for block in state.tokens:
        for token in block.children or ():
            if token.type == "link_open":
                token.attrSet("rel", "nofollow noopener noreferrer")
                target = str(token.attrGet("href") or "")
                if folder and not _ABSOLUTE.match(target):
                    token.attrSet("href", f"{folder}/{target.removeprefix('./')}")


def _render_fold(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    del self, options, env
    token = tokens[index]
    if token.info == "summary":
        return f"<summary>{escape(token.content)}</summary>\n"
    return f"<{token.info}>\n"


def _render_box(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    del self, options, env
    checked = " checked" if tokens[index].info == "x" else ""
    return f'<input type="checkbox" disabled{checked}> '


def _render_image(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """An image is shown as a link: pages load nothing from elsewhere."""
    del self, options, env
    source = str(tokens[index].attrGet("src") or "")
    text = tokens[index].content or source
    return f'<a href="{escape(source)}" rel="nofollow noopener noreferrer">{escape(text)}</a>'
