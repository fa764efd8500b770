"""What makes a workflow impossible to run here."""


class WorkflowProblem(Exception):
    """The workflow is malformed or asks for something the hub does not do.

    The message names the place (job, step) and the cause; such a run concludes `action_required`.
    """

    def __init__(self, place: str, cause: str) -> None:
        super().__init__(f"{place}: {cause}" if place else cause)


class CheckoutFailed(Exception):
    """The commit could not be put into a work tree."""


class BadCommandFile(Exception):
    """A step wrote something else than NAME=value or NAME<<END to one of its command files."""
