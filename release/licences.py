"""Lists on whose terms the packages are that gastlive installs, and the libraries in their wheels.

``python release/licences.py`` writes the section of NOTICE between its markers, ``--check`` says
whether it is out of date. It asks the installed packages, extras left out; what a file of a wheel
is, says `LIBRARIES`.
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

NOTICE = Path(__file__).parent.parent / "NOTICE"
BEGIN = "--- written by release/licences.py: begin ---"
END = "--- written by release/licences.py: end ---"

LGPL3, GPL_OR_LGPL = "LGPL-3.0", "LGPL-3.0-or-later OR GPL-2.0-or-later"
GCC = ("GCC's runtime", "GPL-3.0-or-later WITH GCC-exception-3.1")
LIBRARIES: dict[str, tuple[str, str]] = {
    "libQt5": ("Qt 5", LGPL3),
    "libqxcb": ("Qt 5", LGPL3),
    "libSvtAv1Enc": ("SVT-AV1", "BSD-3-Clause-Clear"),
    "libX11": ("X.Org's libraries", "MIT"),
    "libXau": ("X.Org's libraries", "MIT"),
    "libxcb": ("X.Org's libraries", "MIT"),
    "libxkbcommon": ("X.Org's libraries", "MIT"),
    "libdrm": ("libdrm", "MIT"),
    "libaec": ("libaec", "BSD-2-Clause"),
    "libsz": ("libaec", "BSD-2-Clause"),
    "libaom": ("libaom", "BSD-2-Clause"),
    "libasound": ("ALSA", "LGPL-2.1-or-later"),
    "libavif": ("libavif", "BSD-2-Clause"),
    "libbrotli": ("Brotli", "MIT"),
    "libcrypto": ("OpenSSL 1.1.1", "OpenSSL AND SSLeay"),
    "libssl": ("OpenSSL 1.1.1", "OpenSSL AND SSLeay"),
    "libdav1d": ("dav1d", "BSD-2-Clause"),
    "libfreetype": ("FreeType", "FTL OR GPL-2.0-or-later"),
    "libgfortran": GCC,
    "libgomp": GCC,
    "libquadmath": GCC,
    "libgmp": ("GMP", GPL_OR_LGPL),
    "libgnutls": ("GnuTLS", "LGPL-2.1-or-later"),
    "libharfbuzz": ("HarfBuzz", "MIT-Modern-Variant"),
    "libhdf5": ("HDF5", "BSD-3-Clause"),
    "libhogweed": ("Nettle", GPL_OR_LGPL),
    "libnettle": ("Nettle", GPL_OR_LGPL),
    "libhwloc": ("hwloc", "BSD-3-Clause"),
    "libjpeg": ("libjpeg-turbo", "IJG AND BSD-3-Clause"),
    "liblcms2": ("Little CMS", "MIT"),
    "liblzma": ("XZ", "0BSD"),
    "libmp3lame": ("LAME", "LGPL-2.0-or-later"),
    "libopenblas": ("OpenBLAS", "BSD-3-Clause"),
    "libscipy_openblas": ("OpenBLAS", "BSD-3-Clause"),
    "libopencore": ("OpenCORE AMR", "Apache-2.0"),
    "libopenjp2": ("OpenJPEG", "BSD-2-Clause"),
    "libopus": ("Opus", "BSD-3-Clause"),
    "libpcre2": ("PCRE2", "BSD-3-Clause"),
    "libpng": ("libpng", "libpng-2.0"),
    "libsharpyuv": ("WebP", "BSD-3-Clause"),
    "libwebp": ("WebP", "BSD-3-Clause"),
    "libtbb": ("oneTBB", "Apache-2.0"),
    "libtiff": ("libtiff", "libtiff"),
    "libunistring": ("libunistring", GPL_OR_LGPL),
    "libvpl": ("oneVPL", "MIT"),
    "libvpx": ("libvpx", "BSD-3-Clause"),
    "libx264": ("x264", "GPL-2.0-or-later"),
    "libx265": ("x265", "GPL-2.0-or-later"),
    "libzstd": ("Zstandard", "BSD-3-Clause"),
}
"""What files of wheels are: how their names begin, the project and its licence; see `FFMPEG`."""

FFMPEG = ("libavcodec", "libavdevice", "libavfilter", "libavformat", "libavutil", "libsw")
"""A library of it says on whose terms it was built."""
OWN = {
    "onnxruntime": ("libonnxruntime",),
    "openvino": ("libopenvino",),
    "torch": ("libtorch", "libc10", "libshm", "libaoti", "libbackend", "libjit", "libcaffe2"),
}
"""Libraries that are the package itself."""
CUDA = ("nvidia-", "cuda-", "triton")
"""What a torch for CUDA adds, on the terms of NVIDIA and of Triton: NOTICE says so once."""
_LIBRARY = re.compile(r"(^|/)(lib[^/]*\.so[^/]*|[^/]*\.dll|[^/]*\.dylib)$")


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed() -> dict[str, metadata.Distribution]:
    """Installed packages that gastlive needs, and those that they need, by name."""
    found: dict[str, metadata.Distribution] = {}
    names = ["gastlive"]
    while names:
        name = canonical(names.pop())
        if name in found or name.startswith(CUDA):
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # opencv-python gives way to its headless build
            continue
        for text in found[name].requires or ():
            asked = Requirement(text)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                names.append(asked.name)
    del found["gastlive"]
    return dict(sorted(found.items()))


def licence(package: metadata.Distribution) -> str:
    """As the package states it."""
    about = package.metadata
    short = (about.get("License") or "").strip()
    kinds = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or () if "License" in c]
    stated = about.get("License-Expression") or (short if len(short) <= 60 else "")
    stated = stated.removeprefix("OSI Approved :: ") or ", ".join(kinds)
    return " ".join(stated.split()) or "not stated"


def libraries(name: str, package: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Projects and licences of the shared libraries in a wheel.

    Raises:
        LookupError: A library that `LIBRARIES` doesn't know.
    """
    for file in package.files or ():
        if not _LIBRARY.search(str(file)) or file.name.startswith(OWN.get(name, ("\0",))):
            continue
        if file.name.startswith(FFMPEG):
            yield _ffmpeg(package)
            continue
        known = [about for begin, about in LIBRARIES.items() if file.name.startswith(begin)]
        if not known:
            raise LookupError(f"{name} has {file}, which release/licences.py doesn't know")
        yield known[0]


def _ffmpeg(package: metadata.Distribution) -> tuple[str, str]:
    (codec,) = (file for file in package.files or () if file.name.startswith("libavcodec"))
    library = ctypes.CDLL(str(codec.locate()))
    library.avcodec_license.restype = ctypes.c_char_p
    return "FFmpeg", f"as it says, {library.avcodec_license().decode()}"


def lines() -> Iterator[str]:
    """One a package, and one more a project whose libraries are in its wheel."""
    for name, package in needed().items():
        yield f"  {name}: {licence(package)}"
        for project, terms in sorted(set(libraries(name, package))):
            yield f"    has {project}: {terms}"


def written(notice: str) -> list[str]:
    """The lines that are in the section now."""
    return notice.partition(f"{BEGIN}\n")[2].partition(END)[0].splitlines()


def missing(notice: str) -> list[str]:
    """What is installed and isn't in the section under its package."""

    def under(listed: list[str]) -> set[tuple[str, str]]:
        package, found = "", set()
        for line in listed:
            package = package if line.startswith("    ") else line
            found.add((package, line))
        return found

    return [line for _, line in sorted(under(list(lines())) - under(written(notice)))]


def main() -> None:
    """Write the section, or with ``--check`` end with status 1 if it lacks something."""
    notice = NOTICE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        if lacking := missing(notice):
            lacks = "; ".join(line.strip() for line in lacking)
            sys.exit(f"NOTICE lacks {lacks}: run python release/licences.py")
        print(f"NOTICE names all {len(needed())} packages and what is in their wheels")
        return
    head, _, rest = notice.partition(BEGIN)
    section = "\n".join([BEGIN, *lines(), END])
    NOTICE.write_text(head + section + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
