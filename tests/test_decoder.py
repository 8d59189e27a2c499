"""What a player shows of a damaged, odd or hostile video, and what is said of it."""

import os
import re
import struct
import threading
import time
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event

import av
import numpy as np
import pytest
from av.stream import Disposition

from gastlive.conf.option import option
from gastlive.realtime.sources.decoder import turned

from .test_sources import SECRET, Server, Skipping, film, flat, jpeg, one_line, shades

GIVEN = Path(__file__).parents[2] / "shared" / "inputs"


def noise(i, *, width=64, height=48):
    """A picture of which every block is coded, so that lost bytes are missed."""
    rng = np.random.default_rng(i)
    return rng.integers(0, 255, (height, width, 3)).astype(np.uint8)


def coded(path, pictures, *, codec="libx264", aspect=None, fps=10, streams=1, bf="0", **options):
    """A video of these pictures; of several streams the last is the default one."""
    with av.open(str(path), "w", options={k: str(v) for k, v in options.items()}) as container:
        for number in range(streams):
            stream = container.add_stream(
                codec, rate=fps, options={"bf": bf} | OF_CODEC.get(codec, {})
            )
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            if codec == "mpeg4":
                stream.bit_rate = 1_000_000
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            is_last = number + 1 == streams
            stream.disposition = Disposition.default if is_last else Disposition(0)
        for stream in container.streams:
            for i, picture in enumerate(pictures):
                shown = picture if stream.index + 1 == streams else 255 - picture
                frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
                frame.pts, frame.time_base = i, Fraction(1, fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return str(path)


OF_CODEC = {
    "libx264": {"g": "10", "crf": "20", "x264-params": "log-level=none"},
    "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
}


def overwritten(path, numbers):
    """The file with the coded pictures of these numbers damaged."""
    data = bytearray(Path(path).read_bytes())
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    for at, size in (packets[number] for number in numbers):
        data[at : at + size] = bytes(size)
    Path(path).write_bytes(data)
    return str(path)


def read(path, **values):
    """The source and its frames."""
    source = option("source/video", path=str(path), **values)
    return source, list(source)


# Damage


def test_damage_in_the_middle_costs_the_damaged_pictures_and_is_counted(tmp_path):
    path = coded(tmp_path / "hole.mp4", [noise(i) for i in range(40)], movflags="faststart")
    source, frames = read(overwritten(path, [13, 14]))
    assert len(frames) == 38
    assert frames[-1].time_s == pytest.approx(3.9), "to the end"
    assert source.damaged == 2
    (line,) = source.warnings
    assert "2 pictures can't be decoded" in line
    assert "38 of 40 pictures could be read" in line


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("sources/one_hole.mp4", 87),
        ("sources/bitrot.mp4", 80),
        ("faults/hole_in_the_middle.mp4", 900),
        ("sources/av1.mp4", 90),
    ],
)
def test_of_the_damaged_files_that_were_given_most_is_read(name, frames):
    if not (GIVEN / name).exists():
        pytest.skip("../shared/inputs is not there")
    assert len(read(GIVEN / name)[1]) >= frames


def test_a_file_of_which_nothing_can_be_decoded_is_named_with_codec_and_container(tmp_path):
    path = coded(tmp_path / "all.mp4", [noise(i) for i in range(5)])
    path = overwritten(path, range(5))
    with one_line(path, "none of its 5 pictures", "h264 in mp4"):
        read(path)


def test_a_codec_that_nobody_knows_is_named_with_its_container(tmp_path):
    path = Path(coded(tmp_path / "odd.mkv", [flat(1)] * 3, codec="mpeg4"))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"V_MPEG4/ISO/ASP", b"V_MPEG9/ISO/XYZ"))
    with one_line(str(path), "matroska", "codec that is unknown"):
        read(path)


def test_av1_is_read(tmp_path):
    path = coded(tmp_path / "a.mp4", [flat(i, width=128, height=96) for i in range(8)],
                 codec="libsvtav1")  # fmt: skip
    assert shades(read(path)[1]) == list(range(8))


# Files without an end


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"movflags": "faststart"}),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("a.mkv", {}),
        ("a.avi", {}),
    ],
)
def test_a_file_that_was_cut_off_says_so_and_gives_what_it_has(tmp_path, name, options):
    path = Path(coded(tmp_path / name, [noise(i) for i in range(40)], codec="mpeg4", **options))
    assert read(path)[0].warnings == []
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    source, frames = read(path)
    assert 10 < len(frames) < 40
    (line,) = source.warnings
    assert "is cut short" in line


def test_an_mp4_whose_recording_broke_off_is_called_so(tmp_path):
    path = Path(coded(tmp_path / "a.mp4", [noise(i) for i in range(40)]))
    path.write_bytes(path.read_bytes()[:20_000])
    with one_line(str(path), "mp4 whose index (moov) is missing", "cut off or still goes on"):
        read(path)


def test_a_file_that_is_still_written_is_read_so_far_and_called_so(tmp_path):
    path = Path(coded(tmp_path / "a.ts", [noise(i) for i in range(40)]))
    rest = path.read_bytes()
    source = option("source/video", path=str(path))
    with closing(source.read(Event())) as frames:
        next(frames)
        with path.open("ab") as file:
            file.write(b"\x47" * 188)
        count = 1 + len(list(frames))
    (line,) = source.warnings
    assert count == 40
    assert "still being written" in line
    assert len(rest) < path.stat().st_size


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_gap_in_the_time_stamps_is_no_damage(tmp_path, name):
    times_s = [i / 10 for i in range(20)] + [60 + i / 10 for i in range(20)]
    source, frames = read(film(tmp_path / name, times_s=times_s))
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=0.002)
    assert (source.warnings, source.damaged) == ([], 0)


def test_an_avi_with_pictures_out_of_order_has_even_time_stamps(tmp_path):
    """It says when to decode its pictures, and not when to show them."""
    pictures = [flat(i) for i in range(20)]
    path = coded(tmp_path / "a.avi", pictures, codec="libx264", bf="2")
    _, frames = read(path)
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(0.1)


# As a player shows it


def test_a_picture_size_that_changes_midway_is_followed(tmp_path):
    parts = [
        coded(tmp_path / f"{width}.ts", [flat(i, width=width) for i in range(5)], codec="mpeg4")
        for width in (64, 96)
    ]
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join(Path(part).read_bytes() for part in parts))
    _, frames = read(both)
    assert [f.width for f in frames] == [64] * 5 + [96] * 5
    assert [f.image.shape for f in frames] == [(48, 64, 3)] * 5 + [(48, 96, 3)] * 5
    assert shades(frames) == [*range(5), *range(5)]


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(2), (48, 128)), (Fraction(1, 2), (96, 64)), (None, (48, 64)), (100, (48, 64))],
)
def test_pixels_come_square_and_none_is_lost(tmp_path, aspect, size):
    path = coded(tmp_path / "a.mp4", [flat(i) for i in range(3)], aspect=aspect)
    _, frames = read(path)
    assert {frame.image.shape[:2] for frame in frames} == {size}
    assert {(frame.height, frame.width) for frame in frames} == {size}
    assert shades(frames) == [0, 1, 2]


ONE = 1 << 16


TURNS = [
    (1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0),
    (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0),
]  # fmt: skip


@pytest.mark.parametrize("turn", TURNS)
def test_every_display_matrix_of_quarter_turns_and_mirrors_is_obeyed(turn):
    a, b, c, d = turn
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    y, x = np.mgrid[:2, :3]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    wanted = np.zeros((to_y.max() + 1, to_x.max() + 1, 3), np.uint8)
    wanted[to_y, to_x] = image
    matrix = struct.pack("=9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
    np.testing.assert_array_equal(turned(image, matrix), wanted)


def test_of_several_videos_in_a_file_the_default_one_is_read(tmp_path):
    path = coded(tmp_path / "two.mkv", [flat(i) for i in range(4)], codec="mpeg4", streams=2)
    assert shades(read(path)[1]) == [0, 1, 2, 3]


def test_a_song_with_a_cover_picture_is_no_video(tmp_path):
    path = tmp_path / "song.mp3"
    with av.open(str(path), "w") as song:
        sound, cover = song.add_stream("mp3", rate=44100), song.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(flat(5), format="bgr24")
        song.mux(cover.encode(picture.reformat(format="yuvj420p")))
        song.mux(cover.encode())
        for _ in range(20):
            silence = np.zeros((2, 1152), np.float32)
            tone = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
            tone.sample_rate = 44100
            song.mux(sound.encode(tone))
        song.mux(sound.encode())
    with one_line(str(path), "no video", "audio (mp3)", "in mp3"):
        read(path)


# Paths


def test_a_folder_a_device_and_a_pipe_are_called_so(tmp_path):
    with one_line(str(tmp_path), "a folder", f"source=images source.folder={tmp_path}"):
        read(tmp_path)
    with one_line("/dev/null", "a device", "source=webcam"):
        read("/dev/null")
    os.mkfifo(tmp_path / "pipe")
    with one_line("pipe", "a pipe or socket"):
        read(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with one_line("circle", "no such file"):
        read(tmp_path / "circle")


def test_a_name_that_is_no_utf8_is_read_and_can_be_printed(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    Path(coded(tmp_path / "a.mp4", [flat(1)] * 3)).rename(path)
    source, frames = read(path)
    assert len(frames) == 3
    assert r"caf\xe9.mp4" in source.description
    source.description.encode("utf-8")


def test_a_playlist_reaches_no_network(tmp_path):
    film(tmp_path / "clip.mp4", times_s=[0.0, 0.1])
    with Server(body=(tmp_path / "clip.mp4").read_bytes()) as server:
        heard, answer = [], server.answer
        server.answer = lambda request: (heard.append(request.path), answer(request))
        path = tmp_path / "list.m3u8"
        path.write_text(f"#EXTM3U\n#EXTINF:1,\n{server.url()}\n#EXT-X-ENDLIST\n")
        with one_line(str(path)):
            read(path)
    assert heard == []


# Streams


def streamed(pictures, count, **values):
    """The source and its first frames, from a camera that sends these pictures, a JPEG each."""
    with Server(pictures=pictures, is_stalling=True) as server:
        source = option("source/stream", url=server.url(), clock=Skipping(), **values)
        with closing(source.read(Event())) as frames:
            return source, [next(frames) for _ in range(count)]


HUGE = jpeg(np.zeros((8000, 6000), np.uint8))


@pytest.mark.parametrize("broken", [b"", b"no jpeg" * 300, jpeg(noise(1))[:300], HUGE])
def test_a_broken_picture_in_a_stream_costs_that_picture_and_not_the_connection(broken):
    good = [jpeg(flat(i)) for i in range(6)]
    source, frames = streamed([*good[:3], broken, *good[3:]], 6)
    assert shades(frames) == list(range(6))
    assert source.damaged == 1
    (line,) = source.warnings
    assert "damaged picture" in line
    assert SECRET not in line


def test_a_stream_whose_pictures_change_their_size_is_followed():
    sizes = [(64, 48), (96, 48), (32, 64)]
    pictures = [jpeg(flat(5, width=width, height=height)) for width, height in sizes]
    _, frames = streamed(pictures, 3)
    assert [(frame.width, frame.height) for frame in frames] == sizes


def test_a_live_frame_knows_the_time_on_the_wall():
    with Server(is_stalling=True) as server:
        before_s = time.time()
        with option("source/stream", url=server.url()) as source:
            frame = next(iter(source))
        assert before_s - 1 < frame.unix_s < time.time() + 1


class RTSP(StreamRequestHandler):
    """Sends a transport stream in RTP packets over the connection of its requests."""

    film, wanted = b"", b""

    def handle(self):
        while request := self.rfile.readline():
            head = [request, *iter(self.rfile.readline, b"\r\n")]
            number = next(line for line in head if line.startswith(b"CSeq"))
            reply, body = b"RTSP/1.0 200 OK\r\n" + number, b""
            if request.startswith(b"DESCRIBE"):
                body = b"v=0\r\nm=video 0 RTP/AVP 33\r\na=rtpmap:33 MP2T/90000\r\na=control:1\r\n"
                reply += b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(body)
            if request.startswith(b"SETUP"):
                RTSP.wanted = next(line for line in head if line.startswith(b"Transport"))
                reply += b"Session: 1\r\n" + RTSP.wanted
            self.wfile.write(reply + b"\r\n" + body)
            if request.startswith(b"PLAY"):
                self.play()

    def play(self):
        for number, at in enumerate(range(0, len(self.film), 7 * 188)):
            data = struct.pack(">BBHII", 0x80, 33, number, 0, 1) + self.film[at : at + 7 * 188]
            self.wfile.write(struct.pack(">cBH", b"$", 0, len(data)) + data)


@pytest.fixture
def rtsp(tmp_path):
    """The address of a camera that speaks RTSP."""
    path = coded(tmp_path / "a.ts", [flat(i % 25) for i in range(100)], codec="mpeg4")
    RTSP.film, RTSP.wanted = Path(path).read_bytes(), b""
    with ThreadingTCPServer(("127.0.0.1", 0), RTSP) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"rtsp://user:{SECRET}@127.0.0.1:{server.server_address[1]}/cam"
        server.shutdown()
        thread.join()


def test_rtsp_goes_over_tcp_unless_told_otherwise(rtsp):
    source = option("source/stream", url=rtsp, timeout_s=2.0, clock=Skipping())
    with closing(source.read(Event())) as frames:
        assert shades([next(frames) for _ in range(5)]) == [0, 1, 2, 3, 4]
    assert b"RTP/AVP/TCP" in RTSP.wanted
    with one_line("transport=ip", "tcp, udp"):
        option("source/stream", url=rtsp, transport="ip")


def test_an_rtsp_server_that_never_answers_is_given_up_in_time():
    class Mute(StreamRequestHandler):
        def handle(self):
            self.rfile.read()

    with ThreadingTCPServer(("127.0.0.1", 0), Mute) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"rtsp://user:{SECRET}@127.0.0.1:{server.server_address[1]}/cam"
        start_s = time.monotonic()
        with one_line("rtsp://***@127.0.0.1", "delivers no picture"):
            list(option("source/stream", url=url, timeout_s=0.3))
        assert time.monotonic() - start_s < 10
        server.shutdown()
        thread.join()


def test_why_an_address_gives_nothing_is_said_without_the_password():
    class Closed(Server):
        def answer(self, request):
            request.send_error(403)

    with Closed() as server, one_line("delivers no picture", "403"):
        list(option("source/stream", url=server.url()))
    with Server(body=b"nothing") as server, one_line("container is broken or unknown"):
        list(option("source/stream", url=server.url()))
    assert re.search("password", SECRET) is None
