"""flannel's rules: what it masquerades and what it lets through. It makes the text for iptables-restore(8) and lays nothing.

Source: github.com/flannel-io/flannel, pkg/trafficmngr/iptables: the rules for IPv6 differ in the multicast network only.
"""

from __future__ import annotations

_MULTICAST = {4: "224.0.0.0/4", 6: "ff00::/8"}


def rules(version: int, cluster: str, pods: str) -> str:
    """The rules on a host whose pods are in `pods`, in the network `cluster` of all pods. `version`: 4 or 6."""
    masq = '-m comment --comment "flanneld masq"'
    forward = '-m comment --comment "flanneld forward"'
    chain = "-A FLANNEL-POSTRTG"
    return f"""*nat
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING {masq} -j FLANNEL-POSTRTG
{chain} -m mark --mark 0x4000/0x4000 {masq} -j RETURN
{chain} -s {pods} -d {cluster} {masq} -j RETURN
{chain} -s {cluster} -d {pods} {masq} -j RETURN
{chain} ! -s {cluster} -d {pods} {masq} -j RETURN
{chain} -s {cluster} ! -d {_MULTICAST[version]} {masq} -j MASQUERADE --random-fully
{chain} ! -s {cluster} -d {cluster} {masq} -j MASQUERADE --random-fully
COMMIT
*filter
:FLANNEL-FWD - [0:0]
-A FORWARD {forward} -j FLANNEL-FWD
-A FLANNEL-FWD -s {cluster} {forward} -j ACCEPT
-A FLANNEL-FWD -d {cluster} {forward} -j ACCEPT
COMMIT
"""
