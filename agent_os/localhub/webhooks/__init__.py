"""Telling others by HTTP what happened here.

`notices` are noted where something happens; at the end of the transaction `outbox` turns them
into deliveries of the hooks that asked for them, with `payloads` drawing them; `postman` sends
them from a thread of its own.
"""
