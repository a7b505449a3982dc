"""The image `host`: containers of it have the programs of their host. It needs no registry, and holds no program itself.

An engine runs it by `runtime`, which mounts the host's /usr. Source: the OCI runtime specification, config.json.
"""

from __future__ import annotations

import io
import tarfile

ENVIRONMENT = "PROGRAMS_OF_THE_HOST"
"""The variable by which a container of this image is recognized."""

_RUNTIME = """\
#!/bin/sh
# %s, after taking from a container's settings what a namespace with one user cannot have: a group for terminals, and control
# groups. The image "host" gets the host's programs.
bundle= next=
for word in "$@"; do
    [ -z "$next" ] || bundle=$word
    next=
    [ "$word" != --bundle ] || next=yes
done
if [ -n "$bundle" ]; then
    settings=$bundle/config.json
    sed -i -e 's/,"gid=5"//' -e 's#"cgroupsPath":"[^"]*",##' "$settings"
    if grep -q '"%s' "$settings"; then
        sed -i 's#"mounts":\\[#&{"destination":"/usr","type":"bind","source":"/usr","options":["rbind","ro"]},#' "$settings"
    fi
fi
exec "$(command -v %s)" "$@"
"""
_LINKS = ("bin", "sbin", "lib", "lib64")
_FOLDERS = {"etc": 0o755, "home": 0o755, "root": 0o700, "run": 0o755, "tmp": 0o1777, "usr": 0o755, "var": 0o755}
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def runtime(name: str) -> str:
    """The shell script that stands for an OCI runtime of the host, such as "runc" or "crun", and calls it."""
    return _RUNTIME % (name, ENVIRONMENT, name)


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
