"""One more round when result or answer won't do: in the same session, else as a short run."""

from __future__ import annotations

from agent_os.agents.registry import driver_named
from agent_os.attempt.agent import AgentStage
from agent_os.attempt.answer import FILE_NAME as ANSWER_FILE
from agent_os.attempt.answer import SOURCES, missing, read_answer
from agent_os.attempt.directory import write_atomic
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.lost import end_left_behind
from agent_os.attempt.prompt import repair_prompt
from agent_os.attempt.result import FILE_NAME, parse_result, read_result
from agent_os.attempt.states import AgentRun, load, save
from agent_os.domain.errors import BadInput


def repair(stage: AgentStage, run: AgentRun) -> AgentRun | None:
    """Ask a model's agent once for a result file that can be read. None: there was no need to.

    How it ends counts for its cost only: the work is judged by the gates in any case.
    """
    directory = stage.directory
    done = load(directory.repair_done, AgentRun)
    if done is not None or run.code is not None:
        return done
    if directory.repair_started.exists():
        end_left_behind(directory, stage.sandbox)
        return None
    driver = driver_named(stage.agent.driver)
    problem = _problem(stage) if driver.apis else ""
    if not problem or stage.stop.asked():
        return None
    write_atomic(directory.repair_started, stage.clock.now().isoformat())
    stage.journal.write("repair", "started", problem=problem)
    failpoint("repair.claimed")
    session = run.session if driver.resumes else ""
    try:
        prompt = repair_prompt(directory, stage.order, problem, fresh=not session)
    except BadInput as error:
        # The owner's template: no reason to lose the work.
        stage.journal.write("repair", "ended", code=None, left=error.message)
        return None
    done = stage.run(prompt, session, run.spent)
    save(directory.repair_done, done)
    left = _problem(stage)
    stage.journal.write("repair", "ended", code=done.code.value if done.code else None, left=left)
    return done


def _problem(stage: AgentStage) -> str:
    """Why what the agent left can't be used; empty: it can."""
    problems = [_result_problem(stage)]
    if stage.order.deliverable == "answer":
        problems.append(_answer_problem(stage))
    return " ".join(problem for problem in problems if problem)


def _result_problem(stage: AgentStage) -> str:
    try:
        data = read_result(stage.directory.work)
        if data is None:
            return f"There is no {FILE_NAME} in the top folder."
        parse_result(data)
    except BadInput as error:
        return error.message
    return ""


def _answer_problem(stage: AgentStage) -> str:
    try:
        text = read_answer(stage.directory.work)
    except BadInput as error:
        return error.message
    lacks = missing(text, (*stage.order.sections, SOURCES))
    names = ", ".join(f"`## {name}`" for name in lacks)
    return f"{ANSWER_FILE} has no text under {names}." if lacks else ""
