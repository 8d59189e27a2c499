"""Draws a body in a room with OpenGL, without a display: EGL, on a GPU or in software."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ...gast.errors import InputError
from .camera import Camera
from .outfit import Look, Material
from .shaders import FRAGMENT, SHADOW_FRAGMENT, SHADOW_VERTEX, VERTEX
from .staging import about_up

if TYPE_CHECKING:
    import moderngl

SUN = np.array([0.35, -0.55, 0.9]) / np.linalg.norm([0.35, -0.55, 0.9])
"""Direction to the light, as seen from a camera at azimuth 0."""
SHADOW_PX = 1024
NEAR_M, FAR_M = 0.1, 40.0

_HEADLESS: dict[str, Any] = {"standalone": True, "backend": "egl", "require": 330}
_LAYOUT = ("3f 3f 3f 1f 3f", "position", "normal", "colour", "material", "rest")
_TURN_GL = np.diag([1.0, -1.0, -1.0])  # OpenGL's camera has y up and looks along -z


class Renderer:
    """One person in one room, seen by one camera.

    Args:
        camera: Picture size and view.
        look: Of the person.
        faces: (F, 3) vertex indices of the person's surface.
        room_m: Distance of the back wall and the left wall from the origin. Room and light turn
            with the camera.

    Raises:
        InputError: moderngl is missing, or there is no OpenGL without a display.
    """

    def __init__(
        self, camera: Camera, look: Look, faces: np.ndarray, *, room_m: tuple[float, float]
    ) -> None:
        self.camera = camera
        self._look = look
        self.context = headless()
        size = (camera.width, camera.height)
        self._scene = self.context.program(VERTEX, FRAGMENT)
        self._shadow = self.context.program(SHADOW_VERTEX, SHADOW_FRAGMENT)
        samples = min(4, self.context.max_samples)
        self._canvas = self.context.framebuffer(
            [self.context.renderbuffer(size, 4, samples=samples)],
            self.context.depth_renderbuffer(size, samples=samples),
        )
        self._picture = self.context.framebuffer([self.context.renderbuffer(size, 4)])
        self._shadow_map = self.context.depth_texture((SHADOW_PX, SHADOW_PX))
        self._shadow_map.compare_func = ""
        self._shadow_canvas = self.context.framebuffer(depth_attachment=self._shadow_map)
        turn = about_up(camera.azimuth)
        self._sun = turn @ SUN
        room = self.context.buffer(_room(*room_m, turn=turn).tobytes())
        self._room = self.context.vertex_array(self._scene, [(room, *_LAYOUT)])
        self._buffer = self.context.buffer(reserve=len(look.vertices) * 13 * 4, dynamic=True)
        index = self.context.buffer(faces.astype(np.int32).tobytes())
        self._person = self.context.vertex_array(self._scene, [(self._buffer, *_LAYOUT)], index)
        self._caster = self.context.vertex_array(
            self._shadow, [(self._buffer, "3f 40x", "position")], index
        )
        self._view = projection(camera) @ view_of(camera)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.release()

    def draw(self, vertices: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8, RGB, of a person with these vertices and normals, (V, 3) each."""
        look = self._look
        columns = [vertices, normals, look.colours, look.materials[:, None], look.vertices]
        self._buffer.write(np.concatenate(columns, 1).astype(np.float32).tobytes())
        light = light_matrix(vertices.mean(0), self._sun)
        self.context.enable(self.context.DEPTH_TEST)
        self._draw_shadow(light)
        self._canvas.use()
        self._canvas.clear(0.8, 0.8, 0.8, 1.0)
        self._shadow_map.use(0)
        write(self._scene, view=self._view, light=light, eye=self.camera.position_m, sun=self._sun)
        self._room.render()
        self._person.render()
        self.context.copy_framebuffer(self._picture, self._canvas)
        flat = np.frombuffer(self._picture.read(components=3, alignment=1), np.uint8)
        return flat.reshape(self.camera.height, self.camera.width, 3)[::-1].copy()

    def _draw_shadow(self, light: np.ndarray) -> None:
        self._shadow_canvas.use()
        self._shadow_canvas.clear(depth=1.0)
        write(self._shadow, light=light)
        self._caster.render()


def headless() -> "moderngl.Context":
    """A context without a display; InputError if there is none."""
    try:
        import moderngl
    except ImportError as error:
        raise InputError(
            "drawing needs moderngl, which is missing; pip install -e '.[render]' in a clone"
        ) from error
    try:
        return moderngl.create_context(**_HEADLESS)
    except Exception as error:  # glcontext raises plain Exception
        reason = " ".join(str(error).split())
        raise InputError(
            f"can't draw without a display ({reason}); install EGL and a software driver, "
            "on Debian: apt install libegl1 libgl1-mesa-dri"
        ) from error


def _room(back_m: float, left_m: float, *, turn: np.ndarray) -> np.ndarray:
    """Triangles of floor, back wall and left wall, (18, 13) float32."""
    near, right, high = -8.0, 8.0, 5.0
    left = -left_m
    floor = np.array([(left, near, 0), (right, near, 0), (right, back_m, 0), (left, back_m, 0)])
    back = np.array([floor[3], floor[2], floor[2], floor[3]]) + np.outer((0, 0, 1, 1), (0, 0, high))
    side = np.array([floor[3], floor[0], floor[0], floor[3]]) + np.outer((0, 0, 1, 1), (0, 0, high))
    rows = [
        [*(turn @ corners[i]), *(turn @ normal), 1, 1, 1, material, *corners[i]]
        for corners, normal, material in (
            (floor, (0, 0, 1), Material.FLOOR),
            (back, (0, -1, 0), Material.WALL),
            (side, (1, 0, 0), Material.WALL),
        )
        for i in (0, 1, 2, 0, 2, 3)
    ]
    return np.array(rows, np.float32)


def projection(camera: Camera) -> np.ndarray:
    """OpenGL's clip matrix (4, 4) that puts a point where `Camera.to_pixels` does."""
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2 * camera.focal_px / camera.width
    matrix[1, 1] = 2 * camera.focal_px / camera.height
    matrix[2, 2] = (FAR_M + NEAR_M) / (NEAR_M - FAR_M)
    matrix[2, 3] = 2 * FAR_M * NEAR_M / (NEAR_M - FAR_M)
    matrix[3, 2] = -1
    return matrix


def view_of(camera: Camera) -> np.ndarray:
    """Matrix (4, 4) from world to OpenGL's camera axes."""
    matrix = np.eye(4)
    matrix[:3, :3] = _TURN_GL @ camera.rotation
    matrix[:3, 3] = _TURN_GL @ camera.translation
    return matrix


def light_matrix(centre: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Clip matrix (4, 4) of the light's view of 4.4 m about a point."""
    across = np.cross(np.array([0.0, 0.0, 1.0]), sun)
    across /= np.linalg.norm(across)
    half_m, depth_m = 2.2, 6.0
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([across, np.cross(sun, across), -sun])
    matrix[:3, 3] = -matrix[:3, :3] @ centre
    return np.diag([1 / half_m, 1 / half_m, 1 / depth_m, 1]) @ matrix


def write(program: Any, **uniforms: np.ndarray) -> None:
    """Matrices (4, 4) and vectors (3,) of a shader by name; OpenGL stores columns first."""
    for name, value in uniforms.items():
        program[name].write(value.T.astype(np.float32).tobytes())
