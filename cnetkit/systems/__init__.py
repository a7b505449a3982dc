"""Systems: one real system a folder, built from what `cnetkit.lab` offers. The lab itself knows none of them.

`DOORS` is the list of them: (class, method, module) each, one line for each method that a lab or a host has by a system. The
module has a function of the method's name, whose first argument is the lab's Site or the Host. The system's folder says in its
`NEEDS` what it needs of the kernel and of programs; to read that imports no lab.
"""

DOORS = (
    ("Host", "bridge", "cnetkit.systems.docker.host"),
    ("Host", "macvlan", "cnetkit.systems.docker.macvlan"),
    ("Host", "publish", "cnetkit.systems.docker.host"),
    ("Host", "unpublish", "cnetkit.systems.docker.host"),
    ("Host", "published", "cnetkit.systems.docker.host"),
    ("Lab", "lan", "cnetkit.systems.lan.network"),
    ("Lab", "overlay", "cnetkit.systems.overlay.network"),
    ("Lab", "pod_network", "cnetkit.systems.flannel.network"),
    ("Lab", "cluster", "cnetkit.systems.kubernetes.control_plane"),
    ("Lab", "clusters", "cnetkit.systems.kubernetes.control_plane"),
)
