"""What an agent asks of the outside leaves its attempt as data, without what it was given."""

from __future__ import annotations

from agent_os.attempt.result import FILE_NAME
from tests import planted

from .world import FIX, World

KEY = planted.GIVEN


def test_a_key_in_a_request_does_not_leave(world: World) -> None:
    front = 'status: complete\\nrequests:\\n- {kind: follow_up, title: "My %s", body: b}'
    write = f"printf -- '---\\n{front}\\n---\\n## Summary\\nDone.\\n' $MY_TOKEN > {FILE_NAME}"
    outcome = world.attempt(f"{FIX}; {write}", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is None, outcome.detail
    assert '"title":"My ' in outcome.requests[0].model_dump_json()
    assert KEY not in outcome.model_dump_json()
