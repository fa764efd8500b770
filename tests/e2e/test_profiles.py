"""What agents may reach: what the config says, narrowed by the base's file and by nothing else."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status
from tests.hub import HubProcess

from .conftest import Build
from .town import FIX, WITHOUT_CI

pytestmark = pytest.mark.needs("bwrap")
#: 000: there was no way; any other: the hub answered.
ASKS = "{fix}; echo \"ANSWERED $(curl -s -o /dev/null -m 5 -w '%{{http_code}}' {url})\""


@pytest.mark.parametrize(
    ("config", "file", "shut"),
    [
        pytest.param(True, None, False, id="config", marks=pytest.mark.long),
        pytest.param(True, False, True, id="narrowed", marks=pytest.mark.long),
        pytest.param(False, True, True, id="not-widened"),
    ],
)
def test_only_the_config_opens_a_way_and_the_file_narrows_it(
    hub: HubProcess, build: Build, config: bool, file: bool | None, shut: bool
) -> None:
    """`config`, `file`: whether the hub is listed there; `file` None: it says nothing. The issue
    asks for the way too, in vain."""
    place = hub.url.partition("://")[2]
    listed = f'"{place}"' if file else ""
    wanted = f"profiles: {{worker: {{network: [{listed}]}}}}\n"
    settings = WITHOUT_CI[".agent-os.yaml"] + ("" if file is None else wanted)
    town = build(
        files={**WITHOUT_CI, ".agent-os.yaml": settings},
        agents={"asker": ASKS.format(fix=FIX, url=hub.url)},
        mode="pull-request",
        profiles={"worker": {"network": [place] if config else []}},
    )
    number = town.ready("Mend add", f"## Constraints\n\nprofiles: worker: network: [{place}]\n")
    town.reaches(number, Status.IN_REVIEW)
    log = town.attempt_file(number, 1, "agent.log")
    assert ("ANSWERED 000" in log) is shut, log
