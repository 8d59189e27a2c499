"""GLSL: a sun with soft shadow, sky light, and materials from noise instead of pictures."""

SHADOW_VERTEX = """
#version 330
uniform mat4 light;
in vec3 position;
void main() { gl_Position = light * vec4(position, 1.0); }
"""

SHADOW_FRAGMENT = """
#version 330
void main() {}
"""

VERTEX = """
#version 330
uniform mat4 view, light;
in vec3 position, normal, colour, rest;
in float material;
out vec3 world, facing, paint, cloth;
out vec4 lit;
flat out int kind;
void main() {
    world = position;
    facing = normal;
    paint = colour;
    cloth = rest;
    kind = int(material + 0.5);
    lit = light * vec4(position, 1.0);
    gl_Position = view * vec4(position, 1.0);
}
"""

FRAGMENT = """
#version 330
uniform vec3 eye, sun;
uniform sampler2D shadow_map;
in vec3 world, facing, paint, cloth;
in vec4 lit;
flat in int kind;
out vec4 pixel;

const int SKIN = 0, CLOTH = 1, SHOE = 2, HAIR = 3, FLOOR = 4, WALL = 5;

float hash(vec3 p) { return fract(sin(dot(p, vec3(127.1, 311.7, 74.7))) * 43758.5453); }

float noise(vec3 p) {
    vec3 cell = floor(p), f = smoothstep(0.0, 1.0, fract(p));
    float total = 0.0;
    for (int i = 0; i < 8; i++) {
        vec3 corner = vec3(i & 1, (i >> 1) & 1, i >> 2);
        vec3 share = mix(1.0 - f, f, corner);
        total += share.x * share.y * share.z * hash(cell + corner);
    }
    return total;
}

vec3 planks(vec2 at) {
    float row = floor(at.x / 0.14);
    float along = at.y / 1.1 + 7.0 * hash(vec3(row, 3.0, 1.0));
    float tone = 0.75 + 0.3 * hash(vec3(row, floor(along), 2.0));
    float grain = 0.85 + 0.3 * noise(vec3(at.x * 60.0, at.y * 3.0, 1.0));
    bool gap = fract(at.x / 0.14) < 0.03 || fract(along) < 0.006;
    return vec3(0.46, 0.31, 0.19) * tone * grain * (gap ? 0.6 : 1.0);
}

vec3 surface() {
    if (kind == FLOOR) return planks(cloth.xy);
    if (kind == WALL && world.z < 0.1) return vec3(0.85);
    if (kind == WALL) return vec3(0.78, 0.76, 0.71) * (0.94 + 0.08 * noise(cloth * 9.0));
    if (kind == CLOTH) {
        return paint * (0.86 + 0.17 * noise(cloth * 26.0) + 0.1 * noise(cloth * 160.0));
    }
    if (kind == HAIR) return paint * (0.6 + 0.8 * noise(cloth * vec3(220.0, 90.0, 40.0)));
    if (kind == SHOE) return paint;
    return paint * (0.95 + 0.1 * noise(cloth * 120.0));
}

float sunlight() {
    vec3 at = lit.xyz / lit.w * 0.5 + 0.5;
    if (any(lessThan(at.xy, vec2(0.0))) || any(greaterThan(at.xy, vec2(1.0)))) return 1.0;
    float open = 0.0, texel = 1.5 / float(textureSize(shadow_map, 0).x);
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++)
            open += texture(shadow_map, at.xy + vec2(i, j) * texel).r + 0.004 > at.z ? 1.0 : 0.0;
    return open / 9.0;
}

void main() {
    vec3 n = normalize(facing), to_eye = normalize(eye - world);
    float gloss = kind == FLOOR ? 0.12 : kind == CLOTH || kind == WALL ? 0.02 : 0.1;
    float direct = max(dot(n, sun), 0.0);
    if (direct > 0.0) direct *= sunlight();
    vec3 sky = mix(vec3(0.22, 0.20, 0.18), vec3(0.39, 0.41, 0.44), 0.5 + 0.5 * n.z);
    vec3 light = sky + vec3(0.85, 0.81, 0.73) * direct;
    float mirrored = max(dot(n, normalize(sun + to_eye)), 0.0);
    float shine = gloss * pow(mirrored, 32.0) * step(0.001, direct);
    pixel = vec4(pow(surface() * light + shine, vec3(0.87)), 1.0);
}
"""
