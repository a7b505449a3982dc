"""A real Docker engine in a host: `dockerd` and `docker` as they are, without root, gone with the lab.

Its containers become nodes of the lab as they appear. It runs as on a fresh machine, with three differences that one user in a
namespace makes necessary; they stand in START. Source: docs.docker.com, `dockerd` and `docker`; github.com/moby/moby.
"""

from __future__ import annotations

import shlex

from cnetkit.lab.adopted import follow
from cnetkit.lab.engine import EngineCommand
from cnetkit.lab.host import Host
from cnetkit.lab.programs import Program
from cnetkit.model import CnetkitError
from cnetkit.programs.host_image import ENVIRONMENT, host_image, runtime

LOG = "/var/log/dockerd.log"
_PATIENCE = 120.0
"""Seconds within which the engine must be ready."""

START = f"""\
set -e
for folder in docker containerd; do  # an overlay cannot lie on an overlay
    mkdir -p /var/lib/$folder
    mount -t tmpfs -o mode=711 tmpfs /var/lib/$folder
done
echo 0 > /proc/sys/net/ipv4/ip_forward  # as on a fresh machine: the engine switches it on, and then drops by default
mkdir -p /run/engine /etc/docker
cat > /run/engine/runc <<'END'
{runtime("runc")}END
chmod +x /run/engine/runc
echo $$ > /run/engine/pid
exec dockerd -G root --add-runtime lab=/run/engine/runc --default-runtime lab --storage-driver overlay2 "$@" > {LOG} 2>&1
"""
"""The shell script that starts the engine. Its arguments are options of dockerd(8)."""

_WAIT = """\
until [ -S /run/docker.sock ] && docker version --format '{{.Server.Version}}' 2>/dev/null; do
    [ ! -e /run/engine/pid ] || [ -d /proc/$(cat /run/engine/pid) ] || exit 1
    sleep 0.03
done
"""
_NAMES = """\
docker events --since 0 --filter type=container --filter event=create --filter event=start --filter event=die \
    --format '{{.Actor.ID}} {{.Actor.Attributes.name}}' &
docker ps --all --no-trunc --format '{{.ID}} {{.Names}}'
wait
"""
"""Prints the identifier and the name of each container, those that are there and those to come."""


class Docker(EngineCommand):
    """A real Docker engine. Call it with what stands after `docker` on a command line: `docker("ps")`."""

    PROGRAM = "docker"

    def __init__(self, host: Host, program: Program, version: str) -> None:
        super().__init__(host, version)
        self.program = program

    def __repr__(self) -> str:
        state = "" if self.program.running else " (it has ended)"
        return f"<docker {self.version} on {self.host.name}{state}: {len(self.containers)} containers>"


def docker(host: Host, version: str = "", *, options: str = "") -> Docker:
    """Starts the real Docker engine that is installed in the host, or returns the one that runs there.

    `version`: which one it must be, such as "28.5". `options` for dockerd(8), such as `--userland-proxy=false`. The engine has an
    image `host`: the host's own programs. CnetkitError, with the engine's own last words, if it does not start, and if it runs
    already with other options.
    """
    engines = host.part(_OfHost)
    host.site.check_member(host)
    if engines.running is None or not engines.running.program.running:
        engines.running, engines.options = _start(host, options), options
    elif options and options != engines.options:
        had = f"with {engines.options}" if engines.options else "without options"
        raise CnetkitError(
            f"the engine on {host.name} runs already, {had}: give options when it is started, or use another host"
        )
    if version and not f"{engines.running.version}.".startswith(f"{version}."):
        raise CnetkitError(
            f"{host.name} has Docker {engines.running.version}: for {version} make the host with "
            f"lab.host({host.name!r}, programs='docker-{version}')"
        )
    return engines.running


class _OfHost:
    """The engine of a host."""

    def __init__(self, host: Host) -> None:
        self.running: Docker | None = None
        self.options = ""


def _start(host: Host, options: str) -> Docker:
    if not host.run("rm -f /run/engine/pid; command -v dockerd docker runc").ok:
        raise CnetkitError(
            f"{host.name} has no Docker engine: run 'cnetkit get docker', then make the host with "
            f"lab.host({host.name!r}, programs='docker')"
        )
    program = host.start(["sh", "-c", START, "dockerd", *shlex.split(options)])
    up = host.run(["sh", "-c", _WAIT], timeout=_PATIENCE)
    if not up.ok:
        raise CnetkitError(f"the Docker engine on {host.name} did not start: {_complaint(host)}")
    made = Docker(host, program, up.output.strip())
    made(f"import --change 'ENV {ENVIRONMENT}=yes' --change 'CMD [\"sh\"]' - host", input=host_image(), check=True)
    follow(host, ["sh", "-c", _NAMES])
    return made


def _complaint(host: Host) -> str:
    """What the engine said last of what is no ordinary line of its log, or else its last line."""
    lines = [line for line in host.run(["cat", LOG]).output.splitlines() if line.strip()] or ["it said nothing"]
    plain = [line for line in lines if not line.startswith("time=")]
    return plain[0] if plain else lines[-1]
