"""Cluster DNS: a dnsmasq in a pod behind the service kube-system/kube-dns, and the resolv.conf of pods that ask it.

`web.default.svc.cluster.local` is the address of the service `web`. Kubernetes uses CoreDNS; queries, answers and the pods'
resolv.conf are the same here. Source: kubernetes.io/docs/concepts/services-networking/dns-pod-service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnetkit.systems.kubernetes.service_port import ServicePort

if TYPE_CHECKING:
    from cnetkit.lab.host import Host
    from cnetkit.systems.kubernetes.control_plane import Cluster
    from cnetkit.systems.kubernetes.pod import Pod, PodContainer

ADDRESSES, DOMAIN = {4: "10.96.0.10", 6: "fd00:10:96::a"}, "cluster.local"
_HOSTS, _PID = "/run/services", "/run/dnsmasq.pid"
_RESOLV = f"""search default.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}
nameserver %s
options ndots:5
"""


class ClusterDNS:
    """Made with `cluster.dns`. `pod`: where the server runs."""

    def __init__(self, cluster: Cluster, host: Host, name: str) -> None:
        self.cluster = cluster
        self.address = ADDRESSES[cluster.network.networks[0].version]
        self.pod = cluster.network.pod(name, host)
        self._write()
        self.server = self.pod.start(
            ["dnsmasq", "--keep-in-foreground", "--user=root", f"--pid-file={_PID}", "--no-resolv", "--no-hosts",
             f"--addn-hosts={_HOSTS}", f"--local=/{DOMAIN}/", "--log-facility=-"]
        )  # fmt: skip
        self.pod.run(f"for i in $(seq 100); do [ -s {_PID} ] && break; sleep 0.02; done; [ -s {_PID} ]", check=True)
        ports = (ServicePort(53, "dns", "udp"), ServicePort(53, "dns-tcp"))
        cluster.service("kube-dns", self.pod, ports=ports, address=self.address, namespace="kube-system")
        self._changed()
        cluster.watchers.append(self._changed)

    def _write(self) -> None:
        """Replaces the hosts file that the server reads, in one step."""
        lines = [
            f"{address} {service.name}.{service.namespace}.svc.{DOMAIN}"
            for service in self.cluster.services.values()
            for address in service.addresses
        ]
        self.pod.run(f"cat > {_HOSTS}.new && mv {_HOSTS}.new {_HOSTS}", input="\n".join([*lines, ""]), check=True)

    def _changed(self) -> None:
        if self.pod.name in self.pod.site.members:
            self._write()
            self.pod.run(f"kill -HUP $(cat {_PID})", check=True)

    def serve(self, *places: Pod | PodContainer) -> None:
        """Writes the resolv.conf of pods, or of containers of them, as kubelet does."""
        for place in places:
            target = (
                'target=$(readlink -m /etc/resolv.conf); mkdir -p "${target%/*}"; [ -e "$target" ] || : > "$target"'
            )
            place.run(
                f'{target}; cat > /run/resolv.conf.pod && mount --bind /run/resolv.conf.pod "$target"',
                input=_RESOLV % self.address,
                check=True,
            )

    def __repr__(self) -> str:
        return f"<DNS for {DOMAIN} at {self.address}, by dnsmasq in {self.pod.name}>"
