"""Pictures of a world state, from any camera, exactly as its intrinsics say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.devices.camera import Intrinsics
from collector.geometry import Matrix, Pose, inverse, matrix
from collector.simulation import backdrop, printed_board
from collector.simulation.bullet import load_bullet
from collector.simulation.lens import Lens
from collector.simulation.scene import Scene, load_scene
from collector.simulation.state import WorldState

NEAR_M = 0.02
FAR_M = 6.0
_EMPTY_DEPTH = 0.99999  # of OpenGL's depth: no body was drawn there

_LAMP_ON = (1.0, 0.90, 0.35, 1.0)
_LAMP_OFF = (0.25, 0.25, 0.22, 1.0)
# From the optical frame (z forward, y down) to OpenGL's eye frame (z backward, y up).
_OPTICAL_TO_EYE = np.diag([1.0, -1.0, -1.0, 1.0])


def projection_matrix(intrinsics: Intrinsics, near: float, far: float) -> NDArray[np.float64]:
    """Return the OpenGL projection [4, 4] that draws as ``intrinsics`` project.

    Pixel centres are at whole numbers, as in OpenCV. OpenGL has them at halves, but the
    software renderer samples at whole window coordinates, with row 0 at the bottom.
    The distortion is not in it: `Lens` bends the picture.
    """
    width, height = intrinsics.width, intrinsics.height
    result = np.zeros((4, 4))
    result[0, 0] = 2.0 * intrinsics.fx / width
    result[1, 1] = 2.0 * intrinsics.fy / height
    result[0, 2] = 1.0 - 2.0 * intrinsics.cx / width
    result[1, 2] = 2.0 * (intrinsics.cy + 1.0) / height - 1.0
    result[2, 2] = -(far + near) / (far - near)
    result[2, 3] = -2.0 * far * near / (far - near)
    result[3, 2] = -1.0
    return result


class Renderer:
    """Draws in a physics client of its own, which is never stepped. One thread at a time."""

    def __init__(self) -> None:
        self._bullet: Any = load_bullet()
        self._client: int = self._bullet.connect(self._bullet.DIRECT)
        self._scene: Scene = load_scene(self._bullet, self._client, with_table=False)
        self._lamp_on = False
        self._lens: Lens | None = None

    def prepare(self, intrinsics: Intrinsics) -> Lens:
        """Get ready to draw with ``intrinsics``, and return their lens.

        Takes some tenths of a second where there is distortion. Raises ValueError for one
        that folds the picture.
        """
        if self._lens is None or self._lens.intrinsics != intrinsics:
            self._lens = Lens(intrinsics)  # kept: a camera draws with the same ones again
        return self._lens

    def render(
        self, state: WorldState, t_base_optical: Pose, intrinsics: Intrinsics
    ) -> NDArray[np.uint8]:
        """Return the image [height, width, 3] RGB of ``state``.

        ``t_base_optical`` [7] is the camera's pose (optical frame: z forward, y down).
        Raises RuntimeError when the renderer is closed, ValueError for a distortion that
        folds the picture.
        """
        if self._client < 0:
            raise RuntimeError("the renderer is closed: make a new one")
        self._mirror(state)
        lens = self.prepare(intrinsics)
        t_optical_base = matrix(inverse(t_base_optical))
        bodies, depth_m = self._draw_bodies(t_optical_base, lens.pinhole)
        image = backdrop.paint(state, t_base_optical, lens.pinhole)
        np.copyto(image, bodies, where=np.isfinite(depth_m)[:, :, None])
        image = lens.bend(image)
        if printed_board.BODY in state.body_names:
            t_base_board = matrix(state.body(printed_board.BODY))
            printed_board.paint(
                image,
                lens.bend_depth(depth_m),
                t_optical_base @ t_base_board,
                lens,
                printed_board.light_in(t_base_board),
            )
        return image

    def _draw_bodies(
        self, t_optical_base: Matrix, pinhole: Intrinsics
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the bodies' picture [H, W, 3] and depth [H, W] m, infinite where none is."""
        view = _OPTICAL_TO_EYE @ t_optical_base
        projection = projection_matrix(pinhole, NEAR_M, FAR_M)
        bullet = self._bullet
        picture = bullet.getCameraImage(
            pinhole.width,
            pinhole.height,
            viewMatrix=view.T.ravel().tolist(),
            projectionMatrix=projection.T.ravel().tolist(),
            renderer=bullet.ER_TINY_RENDERER,
            flags=bullet.ER_NO_SEGMENTATION_MASK,
            shadow=0,
            lightDirection=[1.2, -1.0, 2.5],
            lightColor=[1.0, 1.0, 1.0],
            lightAmbientCoeff=0.55,
            lightDiffuseCoeff=0.50,
            lightSpecularCoeff=0.05,
            physicsClientId=self._client,
        )
        size = (pinhole.height, pinhole.width)
        bodies = np.asarray(picture[2], np.uint8).reshape(*size, 4)[:, :, :3]
        buffer = np.asarray(picture[3], np.float32).reshape(size)
        depth_m = np.full(size, np.inf, np.float32)
        drawn = buffer < _EMPTY_DEPTH
        depth_m[drawn] = FAR_M * NEAR_M / (FAR_M - (FAR_M - NEAR_M) * buffer[drawn])
        return bodies, depth_m

    def close(self) -> None:
        """Close the physics client. May be called twice."""
        if self._client >= 0:
            self._bullet.disconnect(physicsClientId=self._client)
            self._client = -1

    def _mirror(self, state: WorldState) -> None:
        bullet, client, scene = self._bullet, self._client, self._scene
        for name, pose in zip(state.body_names, state.body_poses, strict=True):
            if name in scene.bodies:
                bullet.resetBasePositionAndOrientation(
                    scene.bodies[name],
                    pose[:3].tolist(),
                    pose[3:].tolist(),
                    physicsClientId=client,
                )
        for name, position in zip(state.joint_names, state.joint_positions, strict=True):
            if name in scene.joints:
                joint = scene.joints[name]
                bullet.resetJointState(
                    joint.body, joint.index, float(position), physicsClientId=client
                )
        lamp_on = "rocker" in state.joint_names and state.joint("rocker") > 0.0
        if lamp_on != self._lamp_on:
            body, link = scene.links["lamp"]
            bullet.changeVisualShape(
                body, link, rgbaColor=_LAMP_ON if lamp_on else _LAMP_OFF, physicsClientId=client
            )
            self._lamp_on = lamp_on
