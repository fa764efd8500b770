"""One attempt from order to outcome, by stages that each leave a file; see `states.py`."""

from __future__ import annotations

import os
import traceback
from datetime import datetime

from agent_os.attempt.agent import AgentStage
from agent_os.attempt.directory import AttemptDirectory, write_atomic
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.failure import Failure, failure, failure_of
from agent_os.attempt.gates.answer import judge_answer
from agent_os.attempt.gates.changes import Change, diff_text, paths_of, read_changes
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.contract import check_contract
from agent_os.attempt.gates.secrets import secrets_in
from agent_os.attempt.gates.sequence import run_gates
from agent_os.attempt.journal import Journal
from agent_os.attempt.leaving import PART_CHARS, leaving_requests, make_findings, make_handoff
from agent_os.attempt.lost import end_lost_agent
from agent_os.attempt.place import workplace
from agent_os.attempt.preparing import prepare
from agent_os.attempt.prompt import LONGEST_PROMPT
from agent_os.attempt.repairing import repair
from agent_os.attempt.result import AgentResult
from agent_os.attempt.secrets import finder_of
from agent_os.attempt.states import AgentRun, Prepared, Reviewed, Started, Taken, load, save
from agent_os.attempt.stopping import StopRequest
from agent_os.attempt.taking import read_taken_answer, read_taken_result, take
from agent_os.attempt.verdict import worst
from agent_os.domain.attempts import Evidence, GateResult, Order, Outcome, Verdict
from agent_os.domain.clock import Clock
from agent_os.domain.errors import GitError
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Spent, together
from agent_os.workspace.git import run_git
from agent_os.workspace.proctable import read_process
from agent_os.workspace.sandbox.choosing import choose
from agent_os.workspace.sandbox.port import Sandbox
from agent_os.workspace.snapshot import Author, SnapshotRepository


class Runner:
    """Runs the stages that are not done yet. The caller holds the directory's lock."""

    def __init__(
        self, directory: AttemptDirectory, order: Order, clock: Clock, stop: StopRequest
    ) -> None:
        self.directory = directory
        self.order = order
        self.clock = clock
        self.stop = stop
        self.finder = finder_of(order)
        self.journal = Journal(directory.events, clock, self.finder.redact)
        self.repository = SnapshotRepository(
            directory.repository,
            (directory.path / order.mirror).resolve(),
            Author(order.author_name, order.author_email),
        )
        self.sandbox: Sandbox | None = None
        self.prompt = ""
        self.agent_run: AgentRun | None = None
        self.repair_run: AgentRun | None = None
        self.taken = Taken()
        self.result: AgentResult | None = None
        self.evidence: Evidence | None = None
        self.merge_base = order.base

    def run(self) -> Outcome:
        """Go on from where the files say, and write the outcome. OSError if even that fails."""
        started = self._note_start()
        failed: Failure | None
        try:
            failed = self._stages()
        except Exception as error:  # noqa: BLE001 - the boundary: every end needs an outcome
            self._log_error()
            failed = failure_of(error)
        outcome = self.finder.redact_model(self._outcome(failed, started.at))
        write_atomic(self.directory.outcome, outcome.model_dump_json(indent=1))
        failpoint("outcome.done")
        code = outcome.code.value if outcome.code else None
        self.journal.write("outcome", "written", code=code, detail=outcome.detail)
        return outcome

    def _note_start(self) -> Started:
        before = load(self.directory.started, Started)
        me = read_process(os.getpid())
        at = before.at if before else self.clock.now()
        started = Started(pid=os.getpid(), pid_started=me.started if me else 0, at=at)
        save(self.directory.started, started)
        self.journal.write("attempt", "started" if before is None else "resumed")
        return started

    def _stages(self) -> Failure | None:
        prepared = self._prepare()
        self.prompt = prepared.prompt
        if prepared.needs_agent:
            self.agent_run = self._run_agent()
            self.repair_run = repair(self._stage(), self.agent_run)
        self.taken = self._take(prepared)
        self.result = read_taken_result(self.directory, self.taken)
        if self.agent_run is not None and self.agent_run.code is not None:
            return self._agent_failure(self.agent_run, self.agent_run.code)
        self.stop.check()
        if not prepared.needs_agent and prepared.head is None:
            words = "The branch conflicts with the new base, and no agent may solve it."
            return failure(FailureCode.CONFLICT, words)
        self.evidence = self._judge(prepared)
        return worst(self.evidence.gates)

    def _prepare(self) -> Prepared:
        prepared = load(self.directory.prepared, Prepared)
        if prepared is None:
            self.stop.check()
            self.sandbox = choose(self.order.sandbox, self.order.sandbox_image)
            self.journal.write("prepare", "started", sandbox=self.sandbox.kind)
            prepared = prepare(self.directory, self.order, self.repository)
            save(self.directory.prepared, prepared)
            if self.order.removed:
                self.journal.write("prepare", "removed", hidden=self.order.removed)
            self.journal.write("prepare", "ended")
            failpoint("prepare.done")
        if self.sandbox is None:
            self.sandbox = choose(self.order.sandbox, self.order.sandbox_image)
        return prepared

    def _run_agent(self) -> AgentRun:
        assert self.order.agent is not None and self.sandbox is not None  # set by _prepare
        done = load(self.directory.agent_done, AgentRun)
        if done is not None:
            return done
        if self.directory.agent_started.exists():
            done = end_lost_agent(self.directory, self.order.agent, self.sandbox)
        else:
            self.stop.check()
            write_atomic(self.directory.agent_started, self.clock.now().isoformat())
            self.journal.write("agent", "started", agent=self.order.agent.name)
            failpoint("agent.claimed")
            done = self._stage().run(
                self.directory.read_text(self.directory.prompt, LONGEST_PROMPT)
            )
        save(self.directory.agent_done, done)
        code = done.code.value if done.code else None
        self.journal.write("agent", "ended", code=code, exit_code=done.exit_code)
        failpoint("agent.done")
        return done

    def _stage(self) -> AgentStage:
        assert self.order.agent is not None and self.sandbox is not None  # set by _prepare
        return AgentStage(
            self.directory,
            self.order,
            self.order.agent,
            workplace(self.directory, self.order),
            self.sandbox,
            self.clock,
            self.stop,
            self.journal,
        )

    def _take(self, prepared: Prepared) -> Taken:
        taken = load(self.directory.snapshot_taken, Taken)
        if taken is None:
            taken = take(self.directory, self.order, prepared, self.repository)
            taken = self.finder.redact_model(taken)
            save(self.directory.snapshot_taken, taken)
            self.journal.write("snapshot", "ended", head=taken.head, kept=len(taken.kept))
            failpoint("snapshot.done")
        return taken

    def _agent_failure(self, run: AgentRun, code: FailureCode) -> Failure:
        # An agent that says what it needs is heard, also when it ends with an error.
        said = worst([check_contract(self.result, "")])
        if code is FailureCode.AGENT_FAILED and said is not None:
            return said
        return failure(code, run.detail, str(code), run.tail[-2000:])

    def _judge(self, prepared: Prepared) -> Evidence:
        assert self.sandbox is not None  # set by _prepare
        contract = check_contract(self.result, self.taken.problem)
        if self.order.deliverable == "answer":
            evidence = judge_answer(
                self.order,
                self.repository.path,
                read_taken_answer(self.directory, self.order, self.taken),
                contract,
                self.sandbox.kind,
                self.journal,
            )
        elif self.taken.head is None:
            evidence = self._nothing_changed(prepared, contract)
        else:
            self.journal.write("gates", "started")
            failpoint("gates.half")
            evidence = run_gates(self._context(self.taken.head, self.sandbox), contract)
        evidence = self.finder.redact_model(evidence)
        write_atomic(self.directory.evidence, evidence.model_dump_json(indent=1))
        failpoint("gates.done")
        return evidence

    def _context(self, head: str, sandbox: Sandbox) -> GateContext:
        args = ("merge-base", self.order.base, head)
        self.merge_base = run_git(*args, git_dir=self.repository.path)
        return GateContext(
            order=self.order,
            directory=self.directory,
            repository=self.repository,
            sandbox=sandbox,
            journal=self.journal,
            stop=self.stop,
            head=head,
            merge_base=self.merge_base,
            changes=read_changes(self.repository.path, self.merge_base, head),
            clock=self.clock,
            spent=self._worked(),
            notes=self.taken.notes,
        )

    def _nothing_changed(self, prepared: Prepared, contract: GateResult) -> Evidence:
        assert self.sandbox is not None  # set by _prepare
        empty = GateResult(
            name="diff",
            verdict=Verdict.FAIL,
            detail="The agent changed no file.",
            code=FailureCode.NO_CHANGE,
        )
        return Evidence(
            base=self.order.base,
            head=prepared.checked_out,
            sandbox=self.sandbox.kind,
            gates=(contract, empty),
        )

    def _outcome(self, failed: Failure | None, started_at: datetime) -> Outcome:
        changes, diff = self._changes()
        answer = read_taken_answer(self.directory, self.order, self.taken)
        agent = self.order.agent.name if self.order.agent and self.agent_run else ""
        reviewers = (load(self.directory.reviewed, Reviewed) or Reviewed()).runs
        return Outcome(
            round=self.order.round,
            number=self.order.number,
            fence=self.order.fence,
            code=failed.code if failed else None,
            detail=failed.detail if failed else "All gates passed.",
            signature=failed.signature if failed else "",
            head=self.taken.head if failed is None else None,
            answer=answer.text if failed is None else "",
            requests=leaving_requests(self.result, failed.code if failed else None),
            work=None if self._tells() else self.taken.head,
            base=self.order.base,
            changed_files=len(changes),
            paths=paths_of(changes),
            prompt=self.prompt,
            repaired=self.repair_run is not None,
            insertions=sum(change.insertions for change in changes),
            deletions=sum(change.deletions for change in changes),
            summary=self.result.summary[:PART_CHARS] if self.result else "",
            agent=agent,
            exit_code=self.agent_run.exit_code if self.agent_run else None,
            resets_at=self.agent_run.resets_at if self.agent_run else None,
            spent=together(self._worked(), *(run.spent for run in reviewers)),
            sandbox=self.sandbox.kind if self.sandbox else "",
            started_at=started_at,
            ended_at=self.clock.now(),
            evidence=self.evidence,
            reviewers=reviewers,
            handoff=make_handoff(
                self.order, self.agent_run, self.result, self.evidence, diff or answer.text, failed
            ),
            findings=make_findings(self.result),
            kept=self.taken.kept,
        )

    def _worked(self) -> Spent | None:
        return together(*(run.spent for run in (self.agent_run, self.repair_run) if run))

    def _changes(self) -> tuple[tuple[Change, ...], str]:
        """For people, so an outcome does without where git can't tell."""
        head, path = self.taken.head, self.repository.path
        if head is None:
            return (), ""
        try:
            changes = read_changes(path, self.merge_base, head)
            return changes, diff_text(path, self.merge_base, head, PART_CHARS)
        except GitError:
            return (), ""

    def _tells(self) -> bool:
        """Whether nobody may go on from the work: a secret stands in it."""
        head = self.taken.head
        try:
            return head is not None and bool(secrets_in(self.repository, self.order, head))
        except GitError:
            return True

    def _log_error(self) -> None:
        with self.directory.runner_log.open("a", encoding="utf-8") as file:
            file.write(self.finder.redact(traceback.format_exc()))
