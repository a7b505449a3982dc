"""Probes what this kernel lets the user do, by trying it: `python -m cnetkit.kernel.probe`.

It runs in a process of its own, enters the namespaces that a sandbox enters, tries each feature, prints the results as JSON and
ends; nothing remains. It gives no advice: `cnetkit.refusal` and `cnetkit.doctor` do.

    {"stage": "ready", "errno": 0, "features": {"veth": "", "vlan": "EOPNOTSUPP: Operation not supported", ...}}

`stage` is how far it got: user-namespaces, rights (refused after unshare(2) had succeeded), namespaces, or ready. A feature's
text is empty if it works; otherwise it is the error.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
from typing import Any

from cnetkit.kernel import mounts as views, namespaces as ns, user_ids
from cnetkit.kernel.features import KERNEL, attempt, link_kinds, words
from cnetkit.kernel.programs import PATH

NAMESPACES = ns.CLONE_NEWNET | ns.CLONE_NEWNS | ns.CLONE_NEWPID | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWCGROUP
RULES = {
    "nft-nat": "table ip nat_ { chain c { type nat hook postrouting priority 100; masquerade; }\n}",
    "nft-trace": "table ip trace_ { chain c { type filter hook prerouting priority -350; meta nftrace set 1; }\n}",
    "nft-numgen": "table ip numgen_ { chain c { numgen inc mod 2 0 accept; }\n}",
}
TABLES = {
    "iptables-nat": "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n",
    "iptables-statistic": "*filter\n-A FORWARD -m statistic --mode random --probability 0.5 -j ACCEPT\nCOMMIT\n",
}


def enter() -> tuple[str, int]:
    """Enters new namespaces as a sandbox does. Returns the stage reached and the errno that stopped it."""
    try:
        user_ids.become_root_of_a_user_namespace()
    except OSError as error:
        refused = "unshare" in str(error)
        return "user-namespaces" if refused else "rights", error.errno or errno.EPERM
    try:
        ns.unshare(NAMESPACES)
    except OSError as error:
        # The user namespace exists, but its root has no rights: AppArmor does this.
        return "rights" if error.errno in (errno.EPERM, errno.EACCES) else "namespaces", error.errno or errno.EPERM
    return "ready", 0


def mounts() -> dict[str, str]:
    """Tries the mounts of a sandbox. Must run as process 1 of its PID namespace, which /proc then shows."""
    results: dict[str, str] = {}
    ns_private, target = ns.MS_REC | ns.MS_PRIVATE, "/tmp"  # noqa: S108 our own mount over it, in our own namespace
    plan = (
        ("private", "none", "/", "", ns_private, ""),
        ("tmpfs", "tmpfs", target, "tmpfs", 0, "mode=755"),
        ("proc", "proc", f"{target}/proc", "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC, ""),
        ("sysfs", "sysfs", f"{target}/sysfs", "sysfs", 0, ""),
        ("devpts", "devpts", f"{target}/devpts", "devpts", ns.MS_NOSUID, "newinstance,ptmxmode=0666"),
        ("overlay", "overlay", f"{target}/overlay", "overlay", 0,
         f"lowerdir=/etc,upperdir={target}/upper,workdir={target}/work,userxattr"),
    )  # fmt: skip
    for name, source, where, kind, flags, options in plan:
        try:
            if results.get("mount-tmpfs") == "":
                for folder in (where, f"{target}/upper", f"{target}/work"):
                    os.makedirs(folder, exist_ok=True)
            if kind == "sysfs":
                views.sysfs(where)
            else:
                ns.mount(source, where, kind, flags, options)
            results[f"mount-{name}"] = ""
        except OSError as error:
            results[f"mount-{name}"] = words(error.errno or errno.EPERM)
    return results


def rules(program: str, arguments: list[str], text: str) -> str:
    """Runs the program with `text` as its input. Empty, or the first line of its error."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + os.pathsep + PATH)
    if path is None:
        return f"{program} is not installed"
    try:
        done = subprocess.run([path, *arguments], input=text, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[0]


def features() -> dict[str, str]:
    """Everything that a lab may need of the kernel, by the names that labs use in NEEDS."""
    results = mounts() | link_kinds()
    results |= {name: attempt(action) for name, action in KERNEL.items()}
    results |= {name: rules("nft", ["-f", "-"], text) for name, text in RULES.items()}
    results |= {name: rules("iptables-nft-restore", [], text) for name, text in TABLES.items()}
    return results


def probe() -> dict[str, Any]:
    """Probes in this process, which cannot return to its namespaces afterwards. Returns what `main` prints."""
    one = user_ids.why_one()
    stage, number = enter()
    if stage != "ready":
        return {"stage": stage, "errno": number, "features": {}}
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # process 1 of the new PID namespace
        signal.alarm(30)
        with open(writer, "w", encoding="utf-8") as out:
            json.dump({"user-ids": "" if user_ids.many() else one or "more ids were refused"} | features(), out)
            out.flush()
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as answers:
        text = answers.read()
    os.waitpid(child, 0)
    return {"stage": "ready", "errno": 0, "features": json.loads(text or "{}")}


def main() -> None:
    """Prints one JSON object."""
    print(json.dumps(probe()))


if __name__ == "__main__":
    main()
