"""Branch protection and the rules of a branch."""

from dataclasses import replace

from agent_os.localhub import protection
from agent_os.localhub.calls import Call, Json, Reply, no_content, texts_of
from agent_os.localhub.errors import Refusal, invalid
from agent_os.localhub.protection import Protection
from agent_os.localhub.render import git as render
from agent_os.localhub.repositories import Repository

MAX_APPROVALS = 6


def _branch(call: Call, repo: Repository) -> str:
    name = call.params["branch"]
    if call.hub.git(repo.id).branch(name) is None:
        raise Refusal(404, "Branch not found")
    return name


def _rules(call: Call, repo: Repository) -> tuple[str, Protection]:
    name = _branch(call, repo)
    rules = protection.get(call.hub, repo.id, name)
    if rules is None:
        raise Refusal(404, "Branch not protected")
    return name, rules


def show(call: Call) -> Reply:
    """GET the protection; 404 "Branch not protected"."""
    repo = call.repo()
    return Reply(200, render.branch_protection(call.view, repo, *_rules(call, repo)))


def put(call: Call) -> Reply:
    """PUT the protection: required_status_checks, required_pull_request_reviews."""
    repo = call.writable()
    name = _branch(call, repo)
    wanted = call.section("required_status_checks")
    asked = call.section("required_pull_request_reviews")
    rules = Protection(
        contexts=None if wanted is None else _contexts(wanted),
        strict=bool(wanted and wanted.get("strict")),
        approvals=0 if asked is None else _approvals(asked),
        enforce_admins=bool(call.body().get("enforce_admins")),
    )
    protection.put(call.hub, repo.id, name, rules)
    return Reply(200, render.branch_protection(call.view, repo, name, rules))


def _approvals(asked: Json) -> int:
    count = asked.get("required_approving_review_count", 1)
    if not isinstance(count, int) or not 0 <= count <= MAX_APPROVALS:
        raise invalid("ProtectedBranch", "required_approving_review_count")
    return count


def _contexts(wanted: Json) -> list[str]:
    checks = wanted.get("checks") or []
    if not isinstance(checks, list):
        raise invalid("ProtectedBranch", "checks")
    named = [check.get("context") if isinstance(check, dict) else None for check in checks]
    found = texts_of(wanted.get("contexts") or [], "contexts") + texts_of(named, "checks")
    return list(dict.fromkeys(found))


def delete(call: Call) -> Reply:
    """DELETE the protection."""
    repo = call.writable()
    name, _ = _rules(call, repo)
    protection.delete(call.hub, repo.id, name)
    return no_content()


def checks(call: Call) -> Reply:
    """GET the required status checks; 404 when none are required."""
    repo = call.repo()
    name, rules = _rules(call, repo)
    if rules.contexts is None:
        raise Refusal(404, "Required status checks not enabled")
    return Reply(200, render.required_checks(call.view, repo, name, rules))


def update_checks(call: Call) -> Reply:
    """PATCH the required status checks: strict, contexts, checks; what is absent stays."""
    repo = call.writable()
    name, rules = _rules(call, repo)
    body = call.body()
    named = body.keys() & {"contexts", "checks"}
    contexts = _contexts(body) if named else rules.contexts or []
    changed = replace(rules, contexts=contexts, strict=call.flag("strict", rules.strict))
    protection.put(call.hub, repo.id, name, changed)
    return Reply(200, render.required_checks(call.view, repo, name, changed))


def remove_checks(call: Call) -> Reply:
    """DELETE the required status checks."""
    repo = call.writable()
    name, rules = _rules(call, repo)
    protection.put(call.hub, repo.id, name, replace(rules, contexts=None, strict=False))
    return no_content()


def reviews(call: Call) -> Reply:
    """GET the required approvals; 404 when none are."""
    repo = call.repo()
    drawn = render.branch_protection(call.view, repo, *_rules(call, repo))
    if "required_pull_request_reviews" not in drawn:
        raise Refusal(404, "Pull request reviews not enabled")
    return Reply(200, drawn["required_pull_request_reviews"])


def rules_of_branch(call: Call) -> Reply:
    """GET rules/branches/{branch}: the required checks as a rule, or []."""
    repo = call.repo()
    found = protection.get(call.hub, repo.id, call.params["branch"])
    if found is None or not found.contexts:
        return Reply(200, [])
    rule = {
        "type": "required_status_checks",
        "ruleset_source_type": "Repository",
        "ruleset_source": repo.full_name,
        "ruleset_id": 1,
        "parameters": {
            "required_status_checks": [{"context": name} for name in found.contexts],
            "strict_required_status_checks_policy": found.strict,
        },
    }
    return Reply(200, [rule])


REPO = "/repos/{owner}/{repo}"
PROTECTION = f"{REPO}/branches/{{branch:path}}/protection"
ROUTES = [
    ("GET", f"{PROTECTION}/required_status_checks", checks),
    ("PATCH", f"{PROTECTION}/required_status_checks", update_checks),
    ("DELETE", f"{PROTECTION}/required_status_checks", remove_checks),
    ("GET", f"{PROTECTION}/required_pull_request_reviews", reviews),
    ("GET", PROTECTION, show),
    ("PUT", PROTECTION, put),
    ("DELETE", PROTECTION, delete),
    ("GET", f"{REPO}/rules/branches/{{branch:path}}", rules_of_branch),
]
