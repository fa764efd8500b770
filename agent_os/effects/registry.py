"""Which performer makes which effect."""

from __future__ import annotations

from typing import Any

from agent_os.domain.effects import (
    AcceptOutcome,
    AskReview,
    CloseIssue,
    ClosePull,
    CreateIssue,
    DeleteBranch,
    EditComment,
    EditIssue,
    EditPull,
    Effect,
    FileIssue,
    LabelIssue,
    MergePull,
    OpenProposal,
    OpenPull,
    OwnRepository,
    PushBranch,
    PushProposal,
    RetireIssue,
    SendNotice,
    SetLabels,
    StartAttempt,
    StopAttempt,
    TakeApproval,
    TellIssue,
    WriteComment,
)
from agent_os.effects.attempts import AttemptStarter, AttemptStopper
from agent_os.effects.branches import BranchDeleter, BranchPusher
from agent_os.effects.children import IssueCreator
from agent_os.effects.comments import CommentEditor, CommentWriter
from agent_os.effects.filing import (
    IssueEditor,
    IssueFiler,
    IssueLabeller,
    IssueRetirer,
    IssueTeller,
)
from agent_os.effects.issues import IssueCloser
from agent_os.effects.labels import ApprovalTaker, LabelPerformer
from agent_os.effects.notices import NoticeSender
from agent_os.effects.outcomes import OutcomeAccepter
from agent_os.effects.ownership import RepositoryOwner
from agent_os.effects.performer import Performer
from agent_os.effects.proposals import ProposalOpener, ProposalPusher
from agent_os.effects.pulls import (
    PullCloser,
    PullEditor,
    PullMerger,
    PullOpener,
    ReviewAsker,
)

PERFORMERS: dict[type[Effect], Performer[Any]] = {
    OwnRepository: RepositoryOwner(),
    StartAttempt: AttemptStarter(),
    AcceptOutcome: OutcomeAccepter(),
    StopAttempt: AttemptStopper(),
    PushBranch: BranchPusher(),
    DeleteBranch: BranchDeleter(),
    OpenPull: PullOpener(),
    EditPull: PullEditor(),
    AskReview: ReviewAsker(),
    MergePull: PullMerger(),
    ClosePull: PullCloser(),
    CreateIssue: IssueCreator(),
    CloseIssue: IssueCloser(),
    SetLabels: LabelPerformer(),
    TakeApproval: ApprovalTaker(),
    WriteComment: CommentWriter(),
    EditComment: CommentEditor(),
    FileIssue: IssueFiler(),
    TellIssue: IssueTeller(),
    EditIssue: IssueEditor(),
    LabelIssue: IssueLabeller(),
    RetireIssue: IssueRetirer(),
    PushProposal: ProposalPusher(),
    OpenProposal: ProposalOpener(),
    SendNotice: NoticeSender(),
}

#: They change nothing on GitHub, so GitHub's limits don't hold them up.
LOCAL = (StartAttempt, AcceptOutcome, StopAttempt, SendNotice)

#: A git command that failed on the way may have changed the remote all the same.
OVER_GIT = (OwnRepository, PushBranch, DeleteBranch, PushProposal)
