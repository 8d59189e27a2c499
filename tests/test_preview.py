import av
import numpy as np
import pytest

from gastlive.experiments.preview import animate
from gastlive.gast.errors import InputError


@pytest.fixture
def video(tmp_path):
    """Two seconds at 30 frames a second that turn from black to white."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for i in range(60):
            picture = np.full((64, 96, 3), 4 * i, np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode(None))
    return path


def test_a_stretch_of_a_video_becomes_a_moving_picture(video, tmp_path):
    frames = animate(video, tmp_path / "a.gif", start_s=0.5, stop_s=1.5, width=48, fps=8)
    assert frames == pytest.approx(8, abs=1)
    with av.open(str(tmp_path / "a.gif")) as gif:
        pictures = [frame.to_ndarray(format="gray") for frame in gif.decode(video=0)]
    assert len(pictures) == frames
    assert pictures[0].shape == (32, 48)
    brightness = [picture.mean() for picture in pictures]
    assert brightness == sorted(brightness)
    assert brightness[0] == pytest.approx(60, abs=15)


def test_an_empty_stretch_and_a_file_that_is_no_video_are_refused(video, tmp_path):
    stretch = {"width": 48, "fps": 8, "stop_s": 9.0}
    with pytest.raises(InputError, match=r"no picture between 5\.0 and 9\.0"):
        animate(video, tmp_path / "a.gif", start_s=5.0, **stretch)
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match="can't read"):
        animate(tmp_path / "text.mp4", tmp_path / "a.gif", start_s=0.0, **stretch)
