"""What a session says of itself, made for the gallery and the tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from collector.simulation.mounts import default_camera
from collector.workflow.gate import GateState, wilson_interval
from collector.workflow.history import AttemptMark, Override
from collector.workflow.interleaving import Choice
from collector.workflow.layout_coverage import LayoutPlan, Placement
from collector.workflow.state_machine import State, permitted
from collector.workflow.status import SessionStatus, TaskProgress
from ui.sample_states import NOW
from ui.station_view import NS_PER_S
from ui.values import CameraModel, CameraPose

SESSION_ID = "sim-01-20261124T140000-3"
OPERATOR = "op-07"
TASKS = ("stack_red_on_blue", "place_red_in_bowl", "open_drawer", "press_switch")
INSTRUCTION = "stack the red block on the blue block"
CRITERION = (
    "The red block rests on the blue one, their middles within 25 mm, and the fingers have let"
    " go of it."
)
DIRECTIONS = (
    "Lay the objects where the console shows them, the others anywhere free.",
    "Close the drawer and switch the light off.",
    "Put the red block at x 58 cm, y -30 cm, turned by 33 degrees.",
    "Put the blue block at x 43 cm, y -24 cm, turned by -40 degrees.",
)
LAYOUT = LayoutPlan(
    task_id=TASKS[0],
    index=17,
    seed=4711,
    objects={
        "red_block": Placement(x=0.576, y=-0.304, yaw=0.575),
        "blue_block": Placement(x=0.43, y=-0.235, yaw=-0.7),  # in the picture it is elsewhere
    },
    arm_position=(0.427, -0.054, 0.316),
    arm_yaw=0.1,
    cells={"red_block": (1, 2), "blue_block": (3, 0)},
)
STATIC_OPTICS = default_camera("static", 640, 480)


def camera_model() -> CameraModel:
    """Return the simulated static camera's lens."""
    i = STATIC_OPTICS[0]
    k = (i.fx, 0.0, i.cx, 0.0, i.fy, i.cy, 0.0, 0.0, 1.0)
    return CameraModel("static", i.width, i.height, k, (0.0,) * 5)


def camera_pose() -> CameraPose:
    """Return where the simulated static camera is."""
    return CameraPose("static", "base", tuple(float(v) for v in STATIC_OPTICS[2]))


def gate(
    task_id: str, successes: int, attempts: int, to_open: int, override: Override | None = None
) -> GateState:
    low, high = wilson_interval(successes, attempts)
    return GateState(
        operator_id=OPERATOR,
        task_id=task_id,
        is_open=to_open == 0,
        attempts=attempts,
        successes=successes,
        rate=successes / attempts if attempts else 0.0,
        low=low,
        high=high,
        successes_to_open=to_open,
        min_attempts=10,
        threshold=0.85,
        override=override,
    )


def marks(
    task_id: str, outcomes: str, phase: str = "practice", begin: int = 0
) -> list[AttemptMark]:
    """Return attempts, a letter each: s f d(iscarded) i(nterrupted) u(nlabelled) c(ontradicted)."""
    names = {
        "s": "success",
        "c": "success",
        "f": "failure",
        "d": "discarded",
        "i": "interrupted",
        "u": "unlabelled",
        "r": "recording",
    }
    rng = np.random.default_rng(begin + 7)
    result = []
    for number, letter in enumerate(outcomes, start=begin + 1):
        started_ns = NOW.station_ns - (200 - number) * 60 * NS_PER_S
        lasts_ns = round((9 + 14 * rng.random() * np.exp(-number / 30)) * NS_PER_S)
        result.append(
            AttemptMark(
                attempt_id=f"{SESSION_ID}-{number:04d}",
                session_id=SESSION_ID,
                operator_id=OPERATOR,
                task_id=task_id,
                phase=phase,
                outcome=names[letter],
                started_ns=started_ns,
                ended_ns=0 if letter == "r" else started_ns + lasts_ns,
                predicate=False if letter == "c" else None,
                reason="the wrist camera was lost" if letter == "i" else "",
            )
        )
    return result


def tasks(**gates: GateState) -> tuple[TaskProgress, ...]:
    """Return the plan's four tasks, the first being practised."""
    known = {
        TASKS[0]: gate(TASKS[0], 8, 8, 2),
        TASKS[1]: gate(TASKS[1], 18, 20, 0),
        TASKS[2]: gate(TASKS[2], 0, 0, 10),
        TASKS[3]: gate(TASKS[3], 17, 20, 0),
    } | gates
    counts = {TASKS[0]: 0, TASKS[1]: 212, TASKS[2]: 35, TASKS[3]: 400}
    return tuple(
        TaskProgress(
            task_id=name,
            task_type=name.partition("_")[0],
            gate=state,
            collected=counts.get(name, 120),
            quota=400,
            coverage=(),
        )
        for name, state in known.items()
    )


def choice(phase: str = "practice", task_id: str = TASKS[0]) -> Choice:
    if phase == "practice":
        reason = (
            "Stack red on blue is to be practised before it is collected: 8 of the last 8 attempts"
            " succeeded; 2 successes in a row would open it."
        )
        return Choice(task_id=task_id, task_type="stack", phase=phase, length=10, reason=reason)
    reason = (
        "Place red in bowl has 212 of 400 demonstrations (53%), the least covered of the 3 tasks"
        " that may follow the last block's type: 12 more in this block."
    )
    return Choice(task_id=task_id, task_type="place", phase=phase, length=12, reason=reason)


NEXT = {
    State.SIGNED_OUT: "Sign in to begin.",
    State.PREFLIGHT: "The station is being checked: wait a moment.",
    State.RESETTING: "Lay the scene out as shown, then press Start.",
    State.ARMED: "The next attempt begins by itself as soon as the last one is saved.",
    State.PRACTICE: "Press Start to begin a practice attempt.",
    State.COLLECTING: "Press Start to record a demonstration.",
    State.COUNTDOWN: "Take the device: recording is about to begin.",
    State.RECORDING: "End the attempt with Success, Failure or Discard.",
    State.DECIDING: "Say how it went: Success, Failure or Discard.",
    State.PAUSED: "Press Start to go on.",
    State.FAULT: "See to the fault, then press Start to check the station again.",
}
PRACTISED = marks(TASKS[0], "sfssdsisss")


def status(state: State = State.RESETTING, since_s: float = 8, **changes: Any) -> SessionStatus:
    """Return a session that practises its first task."""
    values: dict[str, Any] = {
        "state": state,
        "since_ns": NOW.station_ns - round(since_s * NS_PER_S),
        "permitted": permitted(state),
        "session_id": SESSION_ID,
        "operator_id": OPERATOR,
        "choice": choice(),
        "block_done": 8,
        "instruction": INSTRUCTION,
        "success_criterion": CRITERION,
        "budget_steps": 150,
        "reset_directions": DIRECTIONS,
        "layout": LAYOUT,
        "scene_ready": False,
        "sealing": "",
        "attempt": None,
        "marks": tuple(PRACTISED),
        "tasks": tasks(),
        "preflight": (),
        "trouble": "",
        "remark": "",
        "flags": (),
        "next_action": NEXT[state],
    }
    return SessionStatus(**(values | changes))


def collecting(state: State = State.COLLECTING, **changes: Any) -> SessionStatus:
    """Return a session that collects its second task."""
    before = [*PRACTISED, *marks(TASKS[0], "ss", begin=10)]
    values: dict[str, Any] = {
        "choice": choice("collection", TASKS[1]),
        "block_done": 4,
        "instruction": "put the red block into the bowl",
        "success_criterion": "The red block lies in the bowl and the fingers have let go of it.",
        "reset_directions": (
            "Lay the objects where the console shows them, the others anywhere free.",
            "Put the red block at x 58 cm, y -30 cm, turned by 33 degrees.",
            "Put the bowl at x 47 cm, y -7 cm.",
        ),
        "layout": LAYOUT.model_copy(
            update={
                "task_id": TASKS[1],
                "objects": {
                    "red_block": LAYOUT.objects["red_block"],
                    "bowl": Placement(x=0.472, y=-0.07, yaw=0.0),
                },
            }
        ),
        "marks": (*before, *marks(TASKS[1], "ssfscs", "collection", 12)),
        "tasks": tasks(**{TASKS[0]: gate(TASKS[0], 10, 11, 0)}),
    }
    return status(state, **(values | changes))


def signed_out() -> SessionStatus:
    return status(
        State.SIGNED_OUT,
        session_id="",
        operator_id="",
        choice=None,
        instruction="",
        success_criterion="",
        reset_directions=(),
        layout=None,
        marks=(),
        tasks=(),
    )
