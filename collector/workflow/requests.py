"""What consoles, pedals and device buttons may ask a session for, as one plain request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from collector.tasks.library import UnknownTask
from collector.workflow.commands import Command, carry_out
from collector.workflow.history import DISCARDED, FAILURE, SUCCESS
from collector.workflow.session import Label, WorkflowSession
from collector.workflow.state_machine import Event, RequestRefused

# Takes a pseudonym and a PIN; raises RequestRefused where they do not fit.
Authenticate = Callable[[str, str], None]

_GATE: Mapping[str, bool | None] = MappingProxyType({"open": True, "closed": False, "gate": None})


@dataclass(frozen=True)
class Request:
    """One request. Fields that it does not need stay empty."""

    request: str  # a command's or an event's name
    who: str = ""  # pseudonym; empty: the operator who is signed in
    pin: str = ""  # of `who`: to sign in, and to override the gate
    operator_id: str = ""  # whose gate is overridden
    task_id: str = ""
    attempt_id: str = ""  # to relabel; empty: the last one
    value: str = ""  # relabel: success, failure or discarded; override: open, closed or gate
    reason: str = ""


class RequestDesk:
    """Answers requests on behalf of one session."""

    def __init__(
        self, session: WorkflowSession, authenticate: Authenticate, scene_by_hand: bool
    ) -> None:
        """``scene_by_hand``: people lay the scene out, not a simulator."""
        self._session = session
        self._authenticate = authenticate
        self._scene_by_hand = scene_by_hand
        self._simple: Mapping[str, Callable[[str], None]] = {
            Event.SIGN_OUT.value: session.sign_out,
            Event.SCENE_READY.value: session.scene_ready,
            Event.ARM.value: session.arm,
            Event.DISARM.value: session.disarm,
            Event.END.value: session.end,
            Event.RESUME.value: session.resume,
            Event.RECOVER.value: session.recover,
        }

    def answer(self, request: Request) -> Event:
        """Carry the request out and return the event that it came to.

        Raises RequestRefused, with a sentence, and what the session raises.
        """
        session, name = self._session, request.request
        who = request.who or session.memory.operator_id
        if name in Command._value2member_map_:
            return carry_out(session, Command(name), who, self._scene_by_hand)
        if name in self._simple:
            self._simple[name](who)
        elif name == Event.PAUSE.value:
            session.pause(who, request.reason)
        elif name == Event.SIGN_IN.value:
            self._sign_in(request)
        elif name == Event.RELABEL.value:
            self._relabel(request, who)
        elif name == Event.OVERRIDE.value:
            self._override(request)
        else:
            known = [*(command.value for command in Command), *self._simple, *_OTHERS]
            raise RequestRefused(
                f"there is no request {name!r}: choose from {', '.join(sorted(set(known)))}"
            )
        return Event(name)

    def _sign_in(self, request: Request) -> None:
        # Whoever is at the station stays signed in: no PIN is tried against that.
        self._session.may(Event.SIGN_IN)
        who = request.who or request.operator_id
        if not who:
            raise RequestRefused("say who signs in: the operator's pseudonym, such as op-1a2b")
        self._authenticate(who, request.pin)
        self._session.sign_in(who, who)

    def _relabel(self, request: Request, who: str) -> None:
        labels = (SUCCESS, FAILURE, DISCARDED)
        if request.value not in labels:
            raise RequestRefused(
                f"{request.value!r} is no label: choose one of {', '.join(labels)}"
            )
        last = self._session.memory.last
        attempt_id = request.attempt_id or (last.attempt_id if last is not None else "")
        if not attempt_id:
            raise RequestRefused("there is no attempt of this session to label yet")
        self._session.relabel(attempt_id, cast(Label, request.value), who, request.reason)

    def _override(self, request: Request) -> None:
        if request.value not in _GATE:
            raise RequestRefused(
                f"{request.value!r} is no word on a gate: choose one of {', '.join(_GATE)}"
            )
        if not request.who:
            raise RequestRefused("say which supervisor overrides the gate")
        self._session.may(Event.OVERRIDE)
        self._authenticate(request.who, request.pin)
        operator_id = request.operator_id or self._session.memory.operator_id
        opens = _GATE[request.value]
        try:
            self._session.override(operator_id, request.task_id, opens, request.who, request.reason)
        except UnknownTask as error:
            raise RequestRefused(str(error)) from error


_OTHERS = (
    Event.PAUSE.value,
    Event.SIGN_IN.value,
    Event.RELABEL.value,
    Event.OVERRIDE.value,
)
