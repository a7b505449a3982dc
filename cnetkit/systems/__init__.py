"""Systems: one real system a folder, built from what `cnetkit.lab` offers. The lab itself knows none of them.

`DOORS` is the list of them: (class, method, module) each, one line for each method that a lab or a host has by a system. The
module has a function of the method's name, whose first argument is the lab's Site or the Host, and NEEDS: what the system needs
of the kernel and of programs.
"""

DOORS = (
    ("Host", "bridge", "cnetkit.systems.docker"),
    ("Host", "publish", "cnetkit.systems.docker"),
    ("Host", "unpublish", "cnetkit.systems.docker"),
    ("Host", "published", "cnetkit.systems.docker"),
    ("Lab", "overlay", "cnetkit.systems.overlay"),
    ("Lab", "pod_network", "cnetkit.systems.flannel"),
    ("Lab", "cluster", "cnetkit.systems.kubernetes"),
    ("Lab", "clusters", "cnetkit.systems.kubernetes"),
)
