"""Draws several people before a backdrop, quickly: lit at vertices, so small triangles cost little.

Beautiful pictures are `Renderer`'s; these need only be many and different.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .body import Body
from .camera import Camera
from .renderer import headless, light_matrix, projection, view_of, write

SHADOW_PX = 512


@dataclass(frozen=True, eq=False)
class Light:
    """Lamps.

    Attributes:
        direction: (3,) to the main lamp, unit, world axes.
        colour: (3,) of the main lamp, times its strength.
        sky: (3,) light from above.
        ground: (3,) light from below.
    """

    direction: np.ndarray
    colour: np.ndarray
    sky: np.ndarray
    ground: np.ndarray


@dataclass(frozen=True, eq=False)
class Surface:
    """A flat piece of scenery: triangles with a repeated picture.

    Attributes:
        corners: (K, 3) metres, three for each triangle.
        normals: (K, 3) unit.
        uv: (K, 2) place in the picture, 1 is its width.
        picture: (H, W, 3) uint8, RGB.
    """

    corners: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    picture: np.ndarray


_LIT = """
uniform mat4 view, light;
uniform vec3 sun, lamp, sky, ground;
out vec4 lit;
void shade(vec3 position, vec3 normal, out vec3 soft, out vec3 hard) {
    soft = mix(ground, sky, 0.5 + 0.5 * normal.z);
    hard = lamp * max(dot(normal, sun), 0.0);
    lit = light * vec4(position, 1.0);
    lit.xyz = lit.xyz * 0.5 + 0.5;
    gl_Position = view * vec4(position, 1.0);
}
"""
_OPEN = """
uniform sampler2DShadow shadow_map;
in vec4 lit;
float sunlight() {
    if (any(lessThan(lit.xy, vec2(0.0))) || any(greaterThan(lit.xy, vec2(1.0)))) return 1.0;
    return texture(shadow_map, vec3(lit.xy, lit.z - 0.006));
}
"""
_PERSON = f"""#version 330
{_LIT}
in vec3 position, normal, colour;
out vec3 soft, hard;
void main() {{
    shade(position, normalize(normal), soft, hard);
    soft *= colour;
    hard *= colour;
}}
"""
_PERSON_PIXEL = f"""#version 330
{_OPEN}
in vec3 soft, hard;
out vec4 pixel;
void main() {{ pixel = vec4(soft + hard * sunlight(), 1.0); }}
"""
_SURFACE = f"""#version 330
{_LIT}
in vec3 position, normal;
in vec2 uv;
out vec3 soft, hard;
out vec2 at;
void main() {{
    shade(position, normal, soft, hard);
    at = uv;
}}
"""
_SURFACE_PIXEL = f"""#version 330
{_OPEN}
uniform sampler2D paint;
in vec3 soft, hard;
in vec2 at;
out vec4 pixel;
void main() {{ pixel = vec4(texture(paint, at).rgb * (soft + hard * sunlight()), 1.0); }}
"""
_CASTER = """#version 330
uniform mat4 light;
in vec3 position;
void main() { gl_Position = light * vec4(position, 1.0); }
"""
_NOTHING = """#version 330
void main() {}
"""
_BACK = """#version 330
in vec2 position;
out vec2 at;
void main() {
    at = vec2(0.5, -0.5) * position + 0.5;
    gl_Position = vec4(position, 0.0, 1.0);
}
"""
_BACK_PIXEL = """#version 330
uniform sampler2D paint;
in vec2 at;
out vec4 pixel;
void main() { pixel = texture(paint, at); }
"""


class Studio:
    """People before a backdrop, seen by one camera.

    Args:
        camera: Picture size and view.
        bodies: Of the people.
        light: Of everything but the backdrop.
        backdrop: (H, W, 3) uint8 RGB, as large as the picture.
        scenery: Floor, walls, furniture.

    Raises:
        InputError: moderngl is missing, or there is no OpenGL without a display.
    """

    def __init__(
        self,
        camera: Camera,
        bodies: Sequence[Body],
        *,
        light: Light,
        backdrop: np.ndarray,
        scenery: Sequence[Surface],
    ) -> None:
        self.camera, self.light = camera, light
        self.context = gl = headless()
        size = (camera.width, camera.height)
        samples = min(4, gl.max_samples)
        self._canvas = gl.framebuffer(
            [gl.renderbuffer(size, 4, samples=samples)],
            gl.depth_renderbuffer(size, samples=samples),
        )
        self._picture = gl.framebuffer([gl.renderbuffer(size, 4)])
        self._shadow_map = gl.depth_texture((SHADOW_PX, SHADOW_PX))
        self._shadow_map.compare_func = "<="
        self._shadow_canvas = gl.framebuffer(depth_attachment=self._shadow_map)
        self._programs: dict[str, Any] = {
            "person": gl.program(_PERSON, _PERSON_PIXEL),
            "surface": gl.program(_SURFACE, _SURFACE_PIXEL),
        }
        self._caster = gl.program(_CASTER, _NOTHING)
        back: Any = gl.program(_BACK, _BACK_PIXEL)
        corners = np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)], np.float32)
        self._back = gl.vertex_array(back, [(gl.buffer(corners.tobytes()), "2f", "position")])
        self._backdrop = gl.texture(size, 3, backdrop.tobytes(), alignment=1)
        for program in (back, self._programs["surface"]):
            program["paint"].value = 1
        self._people = [self._person(body) for body in bodies]
        self._scenery = [self._surface(surface) for surface in scenery]
        self._view = projection(camera) @ view_of(camera)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.release()

    def draw(self, people: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """(H, W, 3) uint8, RGB, of people with these vertices and normals, (V, 3) each."""
        gl = self.context
        middle = np.mean([vertices.mean(0) for vertices, _ in people], 0)
        for (buffer, *_), moved in zip(self._people, people, strict=True):
            buffer.write(np.concatenate(moved, 1).astype(np.float32).tobytes())
        light = light_matrix(middle, self.light.direction)
        gl.enable(gl.DEPTH_TEST | gl.CULL_FACE)
        self._shadow_canvas.use()
        self._shadow_canvas.clear(depth=1.0)
        write(self._caster, light=light)
        for _, _, caster in self._people:
            caster.render()
        self._draw_scene(light)
        gl.copy_framebuffer(self._picture, self._canvas)
        flat = np.frombuffer(self._picture.read(components=3, alignment=1), np.uint8)
        return flat.reshape(self.camera.height, self.camera.width, 3)[::-1]

    def _draw_scene(self, light: np.ndarray) -> None:
        gl = self.context
        self._canvas.use()
        self._canvas.clear(depth=1.0)
        gl.disable(gl.DEPTH_TEST | gl.CULL_FACE)
        self._backdrop.use(1)
        self._back.render(gl.TRIANGLE_STRIP)
        gl.enable(gl.DEPTH_TEST)
        self._shadow_map.use(0)
        for program in self._programs.values():
            write(
                program,
                view=self._view,
                light=light,
                sun=self.light.direction,
                lamp=self.light.colour,
                sky=self.light.sky,
                ground=self.light.ground,
            )
        for texture, surface in self._scenery:
            texture.use(1)
            surface.render()
        gl.enable(gl.CULL_FACE)
        for _, person, _ in self._people:
            person.render()

    def _person(self, body: Body) -> tuple[Any, Any, Any]:
        """Buffer of what moves, the person, and what casts their shadow."""
        gl = self.context
        buffer = gl.buffer(reserve=len(body.look.vertices) * 24, dynamic=True)
        colours = gl.buffer(body.look.colours.astype(np.float32).tobytes())
        index = gl.buffer(body.mesh.faces.astype(np.int32).tobytes())
        parts = [(buffer, "3f 3f", "position", "normal"), (colours, "3f", "colour")]
        person = gl.vertex_array(self._programs["person"], parts, index)
        caster = gl.vertex_array(self._caster, [(buffer, "3f 12x", "position")], index)
        return buffer, person, caster

    def _surface(self, surface: Surface) -> tuple[Any, Any]:
        gl = self.context
        height, width = surface.picture.shape[:2]
        texture = gl.texture((width, height), 3, surface.picture.tobytes(), alignment=1)
        texture.build_mipmaps()
        columns = [surface.corners, surface.normals, surface.uv]
        buffer = gl.buffer(np.concatenate(columns, 1).astype(np.float32).tobytes())
        layout = ("3f 3f 2f", "position", "normal", "uv")
        return texture, gl.vertex_array(self._programs["surface"], [(buffer, *layout)])
