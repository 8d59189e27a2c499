"""Arrays of HDF5 files, whose library crashes on some that are broken: see `numbers_of`."""

from os import PathLike

import numpy as np

from ...gast.aside import read_aside
from ...gast.errors import InputError
from ...gast.limits import BROKEN, bound


def numbers_of(path: str | PathLike[str], name: str) -> np.ndarray:
    """The array of that name, float32, read in a process of its own.

    An InputError if there is none of numbers in the file itself, or it claims more than the file
    may hold.
    """
    return read_aside(f"{__name__}:read", path, name=name)["numbers"]


def read(path: str, name: str) -> dict[str, np.ndarray]:
    """In that process."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            link = file.get(name, getlink=True)
            data = file[name] if isinstance(link, h5py.HardLink) else None
            if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
                raise ValueError(f"{name!r} lies in another file")
            if data.dtype.kind not in "biuf" or data.nbytes > bound(path):
                raise ValueError(f"{name!r} is {data.dtype} {data.shape}")
            return {"numbers": np.asarray(data, np.float32)}
    except BROKEN as error:
        raise InputError(f"{path} is no HDF5 file with {name!r} of numbers") from error
