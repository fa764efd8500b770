"""Reading workflow files: what starts them, and what the hub refuses, with the place named."""

import textwrap

import pytest

from agent_os.localhub.workflows import plan
from agent_os.localhub.workflows.plan import WorkflowFile


def read(text: str) -> WorkflowFile:
    return plan.read(".github/workflows/ci.yml", textwrap.dedent(text).encode())


@pytest.mark.parametrize(
    ("on", "event", "branch", "expected"),
    [
        ("push", "push", "any/branch", True),
        ("push", "pull_request", "main", False),
        ("[push, pull_request]", "pull_request", "main", True),
        ("{push: }", "push", "x", True),
        ("{push: {branches: [main]}}", "push", "main", True),
        ("{push: {branches: [main]}}", "push", "mainline", False),
        ("{push: {branches: ['release/*']}}", "push", "release/1", True),
        ("{push: {branches: ['release/*']}}", "push", "release/1/2", False),
        ("{push: {branches: ['release/**']}}", "push", "release/1/2", True),
        ("{push: {branches: ['**', '!agent/**']}}", "push", "agent/7", False),
        ("{push: {branches-ignore: ['agent/**']}}", "push", "agent/7", False),
        ("{push: {branches-ignore: ['agent/**']}}", "push", "main", True),
        ("{push: {branches: ['v[12].[0-9]+']}}", "push", "v1.10", True),
        ("{pull_request: {branches: [main]}}", "pull_request", "dev", False),
        ("{pull_request: {types: [opened, synchronize, reopened, labeled]}}", "pull_request",
         "main", True),
        ("workflow_dispatch", "push", "main", False),
        ("{schedule: [{cron: '0 0 * * *'}]}", "push", "main", False),
        ("{push: {paths: ['src/**']}}", "push", "main", True),
    ],
)  # fmt: skip
def test_triggers(on: str, event: str, branch: str, expected: bool) -> None:
    workflow = read(f"on: {on}\njobs: {{a: {{runs-on: ubuntu-latest, steps: [{{run: x}}]}}}}")
    assert workflow.matches(event, branch) is expected
    assert (workflow.problem is not None) == ("paths" in on)


def with_job(text: str) -> str:
    return f"on: push\njobs: {{test: {{{text}}}}}"


def with_step(text: str) -> str:
    return with_job(f"runs-on: ubuntu-latest, steps: [{text}]")


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("on: [push", "not valid YAML"),
        ("- a list", "not a YAML mapping"),
        ("jobs: {}", "'on' is missing"),
        ("on: pusj\njobs: {}", "'pusj' is not an event"),
        ("on: push", "no jobs"),
        ("on: push\non: push", "there twice"),
        ("a: &x [*x, *x]\non: push", "'a' is not supported"),
        ("on: {push: {paths: [a]}}\njobs: {}", "'paths' is not supported"),
        ("on: {push: {tags: [a]}}\njobs: {}", "'tags' is not supported"),
        ("on: {pull_request: {types: [labeled]}}\njobs: {}", "'types' must hold"),
        ("on: {push: {branches: [a], branches-ignore: [b]}}\njobs: {}", "can't stand together"),
        (with_job("steps: [{run: x}]"), "'runs-on' is missing"),
        (with_job("runs-on: macos-latest, steps: [{run: x}]"), "macos-latest"),
        (with_job("runs-on: ubuntu-latest"), "'steps' must be a list"),
        (with_job("runs-on: ubuntu-latest, services: {}, steps: [{run: x}]"), "'services'"),
        (with_job("runs-on: ubuntu-latest, container: a, steps: [{run: x}]"), "'container'"),
        (with_job("uses: ./.github/workflows/x.yml"), "'uses' is not supported"),
        (with_job("runs-on: ubuntu-latest, needs: gone, steps: [{run: x}]"), "needs 'gone'"),
        (with_job("runs-on: ubuntu-latest, needs: test, steps: [{run: x}]"), "circle: test"),
        (with_job("runs-on: ubuntu-latest, if: github.ref, steps: [{run: x}]"), "if: github.ref"),
        (with_step("{run: 'echo ${{ secrets.X }}'}"), "step 1: 'run' uses an expression"),
        (with_step("{name: N, run: x, env: {A: '${{ env.B }}'}}"), "step 1 ('N'), 'env': 'A'"),
        (with_step("{uses: actions/cache@v4}"), "'actions/cache@v4' is not supported"),
        (with_step("{uses: actions/checkout@v4, with: {ref: dev}}"), "the input 'ref'"),
        (with_step("{uses: actions/checkout@v4, run: x}"), "either 'run' or 'uses'"),
        (with_step("{run: x, with: {a: b}}"), "'with' can't stand beside 'run'"),
        (with_step("{run: x, shell: pwsh}"), "shell 'pwsh'"),
        (with_step("{run: x, working-directory: ../..}"), "outside the work tree"),
        (with_step("{run: x, if: cancelled()}"), "if: cancelled()"),
        (with_step("{run: x, if: true}"), "if: True"),
        (with_step("{run: x, continue-on-error: '${{ x }}'}"), "true or false"),
        (with_step("{run: x, timeout-minutes: 0}"), "above zero"),
        (with_step("{run: x, retries: 3}"), "'retries' is not supported"),
        (with_step("{run: x}") + "\nfoo: 1", "'foo' is not supported"),
        ("a: " + "[" * 5000, "nested too deeply"),
    ],
)
def test_problems_name_the_place(text: str, reason: str) -> None:
    workflow = read(text)
    assert workflow.problem is not None and reason in workflow.problem
    assert workflow.problem.startswith(".github/workflows/ci.yml: ")
    assert workflow.jobs == ()


def test_ignored_keys_and_unreadable_triggers() -> None:
    quiet = read("""
    name: CI
    run-name: Run by ${{ github.actor }}
    on: push
    permissions: {contents: read}
    concurrency: {group: "${{ github.ref }}", cancel-in-progress: true}
    jobs: {a: {runs-on: [ubuntu-latest], permissions: read-all, steps: [{run: x}]}}
    """)
    assert quiet.problem is None and quiet.name == "CI"
    broken = read("on: [push")
    assert broken.matches("push", "anything") and broken.events == {"push"}
