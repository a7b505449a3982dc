"""A real Podman in a host: `podman` as it is, without root and without a daemon, over netavark or over CNI plugins.

Its containers become nodes of the lab as they appear; a pod is one node, for its containers share a network namespace. The
settings differ from a machine's in what one user in a namespace makes necessary; they stand in START. Source: podman(1),
containers.conf(5), containers-storage.conf(5).
"""

from __future__ import annotations

from typing import Literal

from cnetkit.lab.adopted import follow
from cnetkit.lab.engine import EngineCommand
from cnetkit.lab.host import Host
from cnetkit.model import CnetkitError
from cnetkit.programs.host_image import ENVIRONMENT, host_image, runtime

Backend = Literal["netavark", "cni"]

START = f"""\
set -e
mkdir -p /var/lib/containers /etc/containers /etc/cni/net.d /run/podman
mount -t tmpfs -o mode=711 tmpfs /var/lib/containers  # an overlay cannot lie on an overlay
cat > /run/podman/crun <<'END'
{runtime("crun")}END
chmod +x /run/podman/crun
cat > /etc/containers/storage.conf <<'END'
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
[storage.options.overlay]
ignore_chown_errors = "true"
END
cat > /etc/containers/containers.conf <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
runtime = "crun"
helper_binaries_dir = ["/usr/lib/podman", "/usr/bin"]
[engine.runtimes]
crun = ["/run/podman/crun"]
[network]
network_backend = "$1"
cni_plugin_dirs = ["/usr/lib/cni"]
[containers]
cgroups = "disabled"
keyring = false
END
echo '{{"default": [{{"type": "insecureAcceptAnything"}}]}}' > /etc/containers/policy.json
"""
"""The shell script that sets Podman up. Its argument is the network backend."""

_NAMES = """\
name() {
    case $2 in
    *-infra) pod=$(podman container inspect --format '{{.Pod}}' $1) && echo $1 $(podman pod inspect --format '{{.Name}}' $pod) ;;
    *) echo $1 $2 ;;
    esac
}
podman ps --all --no-trunc --format '{{.ID}} {{.Names}}' | while read id names; do name $id $names; done
podman events --filter type=container --filter event=create --filter event=start --filter event=died \
    --format '{{.ID}} {{.Name}}' | while read id names; do name $id $names; done
"""
"""Prints the identifier and the name of each container, those that are there and those to come; for a pod's first container the
name of the pod."""


class Podman(EngineCommand):
    """A real Podman. Call it with what stands after `podman` on a command line: `podman("ps")`. `backend` makes its networks."""

    PROGRAM = "podman"

    def __init__(self, host: Host, version: str, backend: str) -> None:
        super().__init__(host, version)
        self.backend = backend

    def __repr__(self) -> str:
        return f"<podman {self.version} over {self.backend} on {self.host.name}: {len(self.containers)} containers>"


def podman(host: Host, version: str = "", *, backend: Backend | None = None) -> Podman:
    """Sets up the real Podman that is installed in the host, or returns it if that was done.

    `version`: which one it must be, such as "4.3". `backend`: "netavark", or "cni", which Podman 4 has; by default what was
    chosen before, else netavark. It has an image `host`: the host's own programs. CnetkitError, with Podman's own words, if it
    does not work.
    """
    part = host.part(_Prepared)
    host.site.check_member(host)
    if part.ready is None:
        part.ready = _set_up(host, backend or "netavark")
    ready = part.ready
    if version and not f"{ready.version}.".startswith(f"{version}."):
        raise CnetkitError(
            f"{host.name} has Podman {ready.version}: for {version} make the host with "
            f"lab.host({host.name!r}, programs='podman-{version}')"
        )
    if backend not in (None, ready.backend):
        raise CnetkitError(f"Podman on {host.name} works over {ready.backend} already: use another host for {backend}")
    return ready


class _Prepared:
    """The Podman of a host."""

    def __init__(self, host: Host) -> None:
        self.ready: Podman | None = None


def _set_up(host: Host, backend: str) -> Podman:
    if not host.run("command -v podman conmon crun").ok:
        raise CnetkitError(
            f"{host.name} has no Podman: run 'cnetkit get podman', then make the host with "
            f"lab.host({host.name!r}, programs='podman')"
        )
    host.run(["sh", "-c", START, "podman", backend], check=True)
    told = host.run("podman info --format '{{.Version.Version}} {{.Host.NetworkBackend}}'")
    if not told.ok:
        raise CnetkitError(f"Podman on {host.name} does not work: {told.errors.strip()}")
    made = Podman(host, *told.output.split())
    image = f"import --change 'ENV {ENVIRONMENT}=yes' --change 'CMD [\"sh\"]' - host"
    made(image, input=host_image(), check=True)
    follow(host, ["sh", "-c", _NAMES])
    return made
