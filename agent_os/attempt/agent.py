"""Stage `agent`: runs the agent, once. What an earlier runner left of it is ended, not repeated."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent_os.agents.driver import Assignment, Driver, Finish, Launch, Reader
from agent_os.agents.registry import driver_named
from agent_os.attempt.directory import AttemptDirectory
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.home import make_folders, put_file
from agent_os.attempt.journal import Journal
from agent_os.attempt.listening import Listening
from agent_os.attempt.outside import agents_reach, way_out
from agent_os.attempt.place import Place
from agent_os.attempt.secrets import finder_of
from agent_os.attempt.states import AgentProcess, AgentRun, save
from agent_os.attempt.stopping import StopRequest
from agent_os.domain.attempts import AgentOrder, Order
from agent_os.domain.clock import Clock
from agent_os.domain.errors import AgentOSError
from agent_os.domain.failures import FailureCode, Family, family
from agent_os.domain.profiles import Profile
from agent_os.domain.usage import Spent
from agent_os.secrets.finder import Finder
from agent_os.workspace.bounds import Bounds
from agent_os.workspace.files import TOLD
from agent_os.workspace.processes import OVERUSED, End, Ending, Program, run_program
from agent_os.workspace.proctable import read_process
from agent_os.workspace.sandbox.port import Door, Sandbox, View

_TAIL_CHARS = 4_000
_MOST_SAID = 300


@dataclass(frozen=True)
class AgentStage:
    """Runs `agent` to the end of its whole tree; bad endings are values, not exceptions."""

    directory: AttemptDirectory
    order: Order
    agent: AgentOrder
    place: Place
    sandbox: Sandbox
    clock: Clock
    stop: StopRequest
    journal: Journal

    def run(self, prompt: str, session: str = "", spent: Spent | None = None) -> AgentRun:
        """`session`: go on with it. `spent`: what earlier runs of this attempt cost."""
        seconds = (self.place.deadline - self.clock.now()) / timedelta(seconds=1)
        if seconds <= 0:
            return AgentRun(
                code=FailureCode.TIMEOUT, detail="The deadline passed before the start."
            )
        driver = driver_named(self.agent.driver)
        run = self._assignment(prompt, session, seconds, spent)
        try:
            launch, reader = driver.launch(run), driver.reader(self.agent, self.clock)
        except (AgentOSError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - a driver may be of another's package
            return self._broken(error, None)
        notes = (self.place.home, launch.notes)
        hearing = Listening(reader, self.agent, self.journal, run.usd, notes, self.place.stage)
        reach = agents_reach(self._profile, self.agent, driver, launch)
        folder, stage = self.directory.path, self.place.stage
        try:
            with way_out(self.sandbox, folder, reach, self.journal, stage) as door:
                ending = run_program(
                    self._program(driver, launch, hearing, seconds, door),
                    cancelled=lambda: self.stop.asked() or hearing.over or hearing.hopeless,
                    started=self._note,
                )
            failpoint("agent.ended")
            hearing.end()
            return self._finder.redact_model(self._judge(driver, reader, ending, hearing))
        except FileNotFoundError as error:
            detail = f"Not found: {error.filename}. {driver.install}".strip()
            return AgentRun(code=FailureCode.AGENT_MISSING, detail=detail)
        except (AgentOSError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - as above; the tree is gone, its work is taken
            return self._broken(error, hearing.spent)

    def _broken(self, error: Exception, spent: Spent | None) -> AgentRun:
        """The driver raised what it must not: another agent may do."""
        with self.directory.runner_log.open("a", encoding="utf-8") as file:
            file.write(self._finder.redact("".join(traceback.format_exception(error))))
        said = self._finder.redact(f"{type(error).__name__}: {error}")[:_MOST_SAID]
        detail = f"The driver `{self.agent.driver}` is broken: {said}."
        return AgentRun(code=FailureCode.AGENT_MISSING, detail=detail, spent=spent)

    def _assignment(
        self, prompt: str, session: str, seconds: float, spent: Spent | None
    ) -> Assignment:
        provider, cap = self.agent.provider, self.order.limits.usd
        before = spent.usd if spent and spent.usd else 0.0
        return Assignment(
            order=self.agent,
            work=self.place.work,
            home=self.place.home,
            task_file=self.place.task,
            handoff_file=self.place.handoff,
            prompt=prompt,
            seconds=seconds,
            usd=None if cap is None else max(0.0, cap - before),
            key=os.environ.get(provider.key_variable, "") if provider else "",
            session=session,
        )

    def _program(
        self,
        driver: Driver,
        launch: Launch,
        hearing: Listening,
        seconds: float,
        door: Door | None,
    ) -> Program:
        for name, text in launch.files.items():
            put_file(self.place.home, name, text)
        view = self._view(launch, self._login(driver), door)
        argv = self.sandbox.wrap(launch.argv, self.place.work, view)
        return Program(
            argv=argv,
            cwd=self.place.work,
            env=launch.env,
            log=self.place.log,
            seconds=seconds,
            stall_seconds=self.order.limits.stall_seconds,
            output_bytes=self.order.limits.output_bytes,
            stdin=launch.stdin,
            namespaced=self.sandbox.namespaced,
            bounds=Bounds.of(view.profile, view.writable, self.order.limits.free_disk_mb),
            cleanup=self.sandbox.cleanup(argv),
            listen=hearing if driver.apis else None,
            secrets=self._finder.values,
        )

    def _login(self, driver: Driver) -> tuple[tuple[Path, Path], ...]:
        """The program's own login, where the owner lends it: those files and nothing beside."""
        if not self.agent.own_login:
            return ()
        owners = Path.home()
        placed = tuple(
            (owners / name, self.place.home / name)
            for name in driver.login_files
            if (owners / name).is_file()
        )
        for source, target in placed:
            make_folders(self.place.home, str(target.relative_to(self.place.home)))
            if self.sandbox.kind != "none":
                # What it is placed over; through a link an engine would look for it elsewhere.
                target.touch(mode=0o600)
            elif not target.is_symlink():
                target.symlink_to(source)
        return placed

    @property
    def _finder(self) -> Finder:
        return finder_of(self.order)

    @property
    def _profile(self) -> Profile:
        return self.order.profiles.of(self.place.role)

    def _view(
        self, launch: Launch, placed: tuple[tuple[Path, Path], ...], door: Door | None
    ) -> View:
        """Its work dir and home; read-only its task, the mirror's objects, what it asks for."""
        profile = self._profile
        return View(
            writable=(self.place.work, self.place.home),
            read_only=(
                *(*self.place.shown, *launch.read_only),
                (self.directory.path / self.order.mirror).resolve() / "objects",
            ),
            fixed=() if profile.writable else self._given(),
            search_path=launch.env.get("PATH", os.defpath),
            placed=placed,
            profile=profile,
            door=door,
            environment=launch.env,
        )

    def _given(self) -> tuple[Path, ...]:
        """What it was given, each thing by itself: others may come beside it, and what it tells
        us may be told anew."""
        told = {os.fsdecode(name) for name in TOLD}
        found = (path for path in self.place.work.iterdir() if path.name not in told)
        return tuple(sorted(path for path in found if not path.is_symlink()))

    def _note(self, pid: int) -> None:
        process = read_process(pid)
        save(
            self.directory.agent_process,
            AgentProcess(pid=pid, pid_started=process.started if process else 0),
        )
        failpoint("agent.running")

    def _judge(
        self, driver: Driver, reader: Reader, ending: Ending, hearing: Listening
    ) -> AgentRun:
        finish = _overused(ending) or self._meaning(driver, reader, ending, hearing)
        return AgentRun(
            code=finish.code,
            detail=finish.detail,
            exit_code=ending.exit_code if ending.end is End.EXITED else None,
            seconds=round(ending.seconds, 3),
            tail=ending.tail[-_TAIL_CHARS:],
            leftovers=ending.leftovers,
            session=hearing.session,
            spent=hearing.spent if driver.apis else None,
            resets_at=finish.resets_at,
        )

    def _in_tool(self, driver: Driver, ending: Ending, hearing: Listening) -> bool:
        return hearing.in_tool if driver.tells_tools else ending.sessions > 0

    def _meaning(
        self, driver: Driver, reader: Reader, ending: Ending, hearing: Listening
    ) -> Finish:
        limits = self.order.limits
        match ending.end:
            case End.CANCELLED if hearing.over and not self.stop.asked():
                return Finish(FailureCode.BUDGET_EXHAUSTED, _over_budget(hearing, limits.usd))
            case End.CANCELLED if hearing.hopeless and not self.stop.asked():
                heard = reader.finish(ending.exit_code, ending.tail)
                if heard.code in (None, FailureCode.LOST):
                    words = "Its provider refused again and again."
                    return Finish(FailureCode.OVERLOADED, words)
                return heard
            case End.CANCELLED:
                return Finish(FailureCode.LOST, self.stop.reason())
            case End.TIMEOUT:
                asks = bool(driver.apis) and not self._in_tool(driver, ending, hearing)
                return self._out_of_time(reader if asks else None, ending)
            case End.STALLED if driver.apis and not self._in_tool(driver, ending, hearing):
                # Not the task's fault: the agent waits for an answer that does not come.
                heard = reader.finish(ending.exit_code, ending.tail)
                # Some tell their end, but stay.
                if heard.code is None or family(heard.code) is Family.PROVIDER:
                    return heard
                words = f"Its provider gave no answer for {limits.stall_seconds} s."
                return Finish(FailureCode.OVERLOADED, words)
            case End.STALLED:
                return Finish(FailureCode.STALLED, f"No output for {limits.stall_seconds} s.")
            case End.OUTPUT_LIMIT:
                words = f"Wrote more than {limits.output_bytes} bytes of output."
                return Finish(FailureCode.AGENT_FAILED, words)
            case _:
                pass
        missing = ending.tail.startswith("bwrap: execvp")
        # A relay says it too, once it has begun; an agent that says so itself is not believed.
        unstarted = not ending.began or (missing and driver.apis)
        if ending.exit_code == 1 and unstarted and ending.tail.startswith("bwrap: "):
            code = FailureCode.AGENT_MISSING if missing else FailureCode.SANDBOX_FAILED
            detail = f"{ending.tail.strip()[:300]} {driver.install if missing else ''}"
            return Finish(code, detail.strip())
        return reader.finish(ending.exit_code, ending.tail)

    def _out_of_time(self, asking: Reader | None, ending: Ending) -> Finish:
        """`asking`: its reader, where its model should have answered. When its time is shorter
        than a stall's, it is the provider's fault all the same that nothing came."""
        words = f"Still running at its deadline {self.place.deadline:%H:%M} UTC."
        late = Finish(FailureCode.TIMEOUT, words)
        if asking is None:
            return late
        heard = asking.finish(ending.exit_code, ending.tail)
        if heard.code is not None and family(heard.code) is Family.PROVIDER:
            return heard
        if ending.silent < ending.seconds / 2:
            return late
        words = f"Its provider gave no answer for {ending.silent:.0f} s, until the deadline."
        return Finish(FailureCode.OVERLOADED, words)


def _overused(ending: Ending) -> Finish | None:
    """It used more of the machine than it may; a disk may also be full for others."""
    if ending.end not in OVERUSED:
        return None
    full = ending.end is End.DISK_FULL
    return Finish(FailureCode.DISK_FULL if full else FailureCode.AGENT_FAILED, ending.over)


def _over_budget(hearing: Listening, cap: float | None) -> str:
    usd = hearing.spent.usd or 0.0
    return (
        f"It cost ${usd:.2f} of the ${cap or 0:.2f} that this attempt may; "
        "the cap is looked at after each turn, so one turn may go over."
    )
