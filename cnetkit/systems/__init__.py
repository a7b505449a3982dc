"""Systems: one real system a folder, built with `cnetkit.lab`. The lab itself knows none of them.

`DOORS` lists them: (class, method, module), one line for each method that a system adds to Lab or Host. The module has a
function of the method's name, whose first argument is the lab's Site or the Host. The folder's `__init__` has NEEDS: what the
system needs of the kernel and of programs. Reading NEEDS imports no lab.
"""

DOORS = (
    ("Host", "bridge", "cnetkit.systems.docker.host"),
    ("Host", "docker", "cnetkit.systems.docker.engine"),
    ("Host", "macvlan", "cnetkit.systems.docker.macvlan"),
    ("Host", "podman", "cnetkit.systems.podman.engine"),
    ("Host", "publish", "cnetkit.systems.docker.host"),
    ("Host", "unpublish", "cnetkit.systems.docker.host"),
    ("Host", "published", "cnetkit.systems.docker.host"),
    ("Lab", "lan", "cnetkit.systems.lan.network"),
    ("Lab", "overlay", "cnetkit.systems.overlay.network"),
    ("Lab", "pod_network", "cnetkit.systems.flannel.network"),
    ("Lab", "cluster", "cnetkit.systems.kubernetes.control_plane"),
    ("Lab", "clusters", "cnetkit.systems.kubernetes.control_plane"),
)
