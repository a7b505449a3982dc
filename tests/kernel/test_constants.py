"""The kernel's numbers are those of the kernel's own headers, as a C compiler reads them."""

from __future__ import annotations

import subprocess

from cnetkit.kernel.netlink import constants

HEADERS = """
#include <stdio.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/gen_stats.h>
#include <linux/net_namespace.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/fib_rules.h>
#include <linux/veth.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sockios.h>
#include <linux/ethtool.h>
"""
NEWER = {"NFTA_TRACE_CT_ID", "FRA_SPORT_MASK", "FRA_DPORT_MASK"}  # Linux 6.16 and 6.15
SUBSYSTEMS = {"NFT_MSG_": "(NFNL_SUBSYS_NFTABLES << 8) | ", "IPCTNL_MSG_CT_": "(NFNL_SUBSYS_CTNETLINK << 8) | "}


def test_each_number_is_that_of_the_headers(tmp_path):
    named = {name: value for name, value in vars(constants).items() if name.isupper() and isinstance(value, int)}
    ours = {name: value for name, value in named.items() if name not in NEWER}
    assert len(ours) > 150
    lines = [f'printf("{name} %ld\\n", (long)({_in_c(name)}));' for name in ours]
    source = tmp_path / "constants.c"
    source.write_text(HEADERS + "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n")
    program = tmp_path / "constants"
    subprocess.run(["cc", "-o", program, source], check=True)
    output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert {name: int(value) for name, value in map(str.split, output.splitlines())} == ours


def _in_c(name):
    if name.startswith("NFNL_SUBSYS_"):
        return f"{name} << 8"
    if name == "NLA_TYPE_MASK":
        return f"{name} & 0xffff"
    return next((head for prefix, head in SUBSYSTEMS.items() if name.startswith(prefix)), "") + name
