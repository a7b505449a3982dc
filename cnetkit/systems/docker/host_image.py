"""The image `host`: containers of it have the programs of their host. It needs no registry, and holds no program itself.

Where it is run, the host's /usr is mounted; see engine.py.
"""

from __future__ import annotations

import io
import tarfile

ENVIRONMENT = "PROGRAMS_OF_THE_HOST"
"""The variable by which a container of this image is recognized."""

_LINKS = ("bin", "sbin", "lib", "lib64")
_FOLDERS = {"etc": 0o755, "home": 0o755, "root": 0o700, "run": 0o755, "tmp": 0o1777, "usr": 0o755, "var": 0o755}
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def host_image() -> bytes:
    """The image's only layer, a tar archive; the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in _LINKS:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(link)
        for name, mode in _FOLDERS.items():
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            archive.addfile(folder)
        for name, text in _FILES.items():
            file = tarfile.TarInfo(name)
            file.size = len(text)
            archive.addfile(file, io.BytesIO(text.encode()))
    return buffer.getvalue()
