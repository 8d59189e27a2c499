"""Encoders of an mp4: x264, which is under the GPL, or VP9, which is under the BSD licence."""

from ...gast.errors import InputError

CODECS = {"x264": "libx264", "vp9": "libvpx-vp9"}
"""FFmpeg's names; browsers play both."""
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower")
_FINEST = {"x264": 51, "vp9": 63}
"""The `crf` at the other end of 0, exact."""


def codec_options(encoder: str, *, crf: int, preset: str) -> dict[str, str]:
    """FFmpeg's options of an encoder without delay; VP9 takes those of x264 in proportion.

    Raises:
        InputError: No such encoder, its library is missing here, or `crf` or `preset` is none of
            x264's.
    """
    if encoder not in CODECS:
        raise InputError(f"sink.video.encoder={encoder}: choose one of {', '.join(CODECS)}")
    if not 0 <= crf <= 51:
        raise InputError(f"sink.video.crf={crf}: x264 wants 0 (exact) to 51 (small)")
    if preset not in PRESETS:
        raise InputError(f"sink.video.preset={preset}: choose one of {', '.join(PRESETS)}")
    _check_library(encoder)
    if encoder == "x264":
        return {"crf": str(crf), "preset": preset, "tune": "zerolatency"}
    speed = len(PRESETS) - PRESETS.index(preset)
    quality = round(crf * _FINEST["vp9"] / _FINEST["x264"])
    return {
        "crf": str(quality), "b": "0", "deadline": "realtime", "cpu-used": str(speed),
        "lag-in-frames": "0",
    }  # fmt: skip


def _check_library(encoder: str) -> None:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(CODECS[encoder], "w")
    except UnknownCodecError as error:
        others = ", ".join(name for name in CODECS if name != encoder)
        raise InputError(
            f"sink.video.encoder={encoder}: the FFmpeg of this PyAV has no {CODECS[encoder]}; "
            f"take {others}"
        ) from error
