"""The scripted model server: real agent programs and SDKs talk to it instead of a vendor."""

from tests.models.conversation import Api, Conversation
from tests.models.reply import Usage
from tests.models.scenario import Scenario
from tests.models.scenarios import NAMED
from tests.models.server import ModelServer, Request
from tests.models.work import patch

__all__ = ["NAMED", "Api", "Conversation", "ModelServer", "Request", "Scenario", "Usage", "patch"]
