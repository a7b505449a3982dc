"""The kernel's constants for netlink and network ioctls, under the kernel's own names. It contains nothing else.

Source: the headers below include/uapi/linux/, named above each section.
"""

from __future__ import annotations

# --- netlink.h -------------------------------------------------------------------------------------------------------
NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_GENERIC = 0, 12, 16
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x4, 0x10, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3FFF
NLMSGERR_ATTR_MSG = 1
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 1, 10, 11, 12

# --- genetlink.h -----------------------------------------------------------------------------------------------------
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME = 16, 3, 2

# --- rtnetlink.h -----------------------------------------------------------------------------------------------------
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_GETRULE = 34
RTM_NEWQDISC, RTM_GETQDISC = 36, 38
RTM_GETNSID = 90
RTNLGRP_LINK, RTNLGRP_NEIGH = 1, 3
RTNLGRP_NSID = 28
RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE = 5, 7, 9, 11
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_MULTIPATH, RTA_TABLE = 1, 4, 5, 6, 7, 9, 15
RTA_VIA, RTA_METRICS = 18, 8
RTAX_LOCK, RTAX_MTU = 1, 2
TCA_STATS2 = 7
RT_TABLE_DEFAULT, RT_TABLE_MAIN, RT_TABLE_LOCAL = 253, 254, 255
RTPROT_BOOT, RTN_UNICAST, RTNH_F_ONLINK = 3, 1, 4
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
TCA_KIND, TCA_OPTIONS = 1, 2

# --- net_namespace.h -------------------------------------------------------------------------------------------------
NETNSA_NSID, NETNSA_FD = 1, 3

# --- if.h, if_arp.h --------------------------------------------------------------------------------------------------
IFF_UP, IFF_PROMISC = 1, 0x100
ARPHRD_LOOPBACK = 772

# --- if_addr.h -------------------------------------------------------------------------------------------------------
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST = 1, 2, 4
IFA_F_NODAD = 0x02

# --- if_link.h -------------------------------------------------------------------------------------------------------
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_PROTINFO = 1, 3, 4, 5, 10, 12
IFLA_LINKINFO, IFLA_STATS64, IFLA_AF_SPEC, IFLA_NET_NS_FD, IFLA_LINK_NETNSID = 18, 23, 26, 28, 37
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
IFLA_INET_CONF = 1
IFLA_BRPORT_STATE, IFLA_BRPORT_MODE, IFLA_BRPORT_UNICAST_FLOOD, IFLA_BRPORT_ISOLATED, IFLA_BRPORT_LOCKED = (
    1,
    4,
    9,
    33,
    39,
)
VETH_INFO_PEER = 1
IFLA_VXLAN_ID, IFLA_VXLAN_GROUP, IFLA_VXLAN_LINK, IFLA_VXLAN_LOCAL, IFLA_VXLAN_TTL, IFLA_VXLAN_TOS = 1, 2, 3, 4, 5, 6
IFLA_VXLAN_LEARNING, IFLA_VXLAN_AGEING, IFLA_VXLAN_LIMIT, IFLA_VXLAN_PROXY, IFLA_VXLAN_RSC = 7, 8, 9, 11, 12
IFLA_VXLAN_L2MISS, IFLA_VXLAN_L3MISS, IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP6, IFLA_VXLAN_LOCAL6 = 13, 14, 15, 16, 17
IFLA_VXLAN_UDP_CSUM, IFLA_VXLAN_UDP_ZERO_CSUM6_TX, IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 18, 19, 20
IFLA_VXLAN_REMCSUM_TX, IFLA_VXLAN_REMCSUM_RX, IFLA_VXLAN_COLLECT_METADATA = 21, 22, 25
IFLA_VXLAN_LABEL, IFLA_VXLAN_DF = 26, 29
IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE = 1, 4
IFLA_IPVLAN_MODE, IPVLAN_MODE_L2 = 1, 0
IFLA_VLAN_ID = 1
IFLA_BR_VLAN_FILTERING = 7
IFLA_VRF_TABLE = 1
IFLA_GENEVE_ID, IFLA_GENEVE_REMOTE = 1, 2

# --- if_tunnel.h -----------------------------------------------------------------------------------------------------
IFLA_GRE_LOCAL, IFLA_GRE_REMOTE = 6, 7
IFLA_IPTUN_LOCAL, IFLA_IPTUN_REMOTE = 2, 3

# --- ip.h ------------------------------------------------------------------------------------------------------------
IPV4_DEVCONF_FORWARDING, IPV4_DEVCONF_RP_FILTER = 1, 8
IPV4_DEVCONF_ACCEPT_LOCAL, IPV4_DEVCONF_ROUTE_LOCALNET = 23, 26

# --- neighbour.h -----------------------------------------------------------------------------------------------------
NDA_DST, NDA_LLADDR, NDA_VLAN, NDA_MASTER = 1, 2, 5, 9
NUD_PERMANENT, NTF_SELF = 0x80, 0x02

# --- fib_rules.h -----------------------------------------------------------------------------------------------------
FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_PRIORITY, FRA_FWMARK, FRA_TUN_ID = 1, 2, 3, 6, 10, 12
FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE, FRA_FWMASK, FRA_OIFNAME = 13, 14, 15, 16, 17
FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE = 19, 20, 22, 23, 24
FRA_GOTO, FRA_FLOW, FRA_PAD, FRA_PROTOCOL, FRA_SPORT_MASK, FRA_DPORT_MASK = 4, 11, 18, 21, 28, 29
FIB_RULE_INVERT = 0x2

# --- netfilter/nfnetlink.h, nf_tables.h, nfnetlink_conntrack.h ---------------------------------------------------------
NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY = 1, 2, 3
NFNLGRP_NFTABLES, NFNLGRP_NFTRACE = 7, 9
NFNL_SUBSYS_CTNETLINK, NFNL_SUBSYS_NFTABLES = 1 << 8, 10 << 8
NFT_MSG_GETTABLE, NFT_MSG_NEWGEN, NFT_MSG_GETGEN, NFT_MSG_TRACE = (NFNL_SUBSYS_NFTABLES | n for n in (1, 15, 16, 17))
IPCTNL_MSG_CT_NEW, IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE = (NFNL_SUBSYS_CTNETLINK | n for n in (0, 1, 2))
NFTA_GEN_ID = 1
NFTA_TRACE_TABLE, NFTA_TRACE_CHAIN, NFTA_TRACE_RULE_HANDLE, NFTA_TRACE_TYPE, NFTA_TRACE_VERDICT = 1, 2, 3, 4, 5
NFTA_TRACE_ID, NFTA_TRACE_LL_HEADER, NFTA_TRACE_NETWORK_HEADER, NFTA_TRACE_TRANSPORT_HEADER = 6, 7, 8, 9
NFTA_TRACE_IIF, NFTA_TRACE_OIF, NFTA_TRACE_MARK, NFTA_TRACE_POLICY, NFTA_TRACE_CT_ID = 10, 12, 14, 16, 18
NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN = 1, 2
CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_PROTOINFO, CTA_ID, CTA_ZONE = 1, 2, 3, 4, 12, 18
CTA_TUPLE_IP, CTA_TUPLE_PROTO = 1, 2
CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_IP_V6_SRC, CTA_IP_V6_DST = 1, 2, 3, 4
CTA_PROTO_NUM, CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT, CTA_PROTO_ICMP_ID, CTA_PROTO_ICMPV6_ID = 1, 2, 3, 4, 7
CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE = 1, 1

# --- asm-generic/socket.h, sockios.h, ethtool.h ------------------------------------------------------------------------
SO_RCVBUFFORCE = 33
SIOCGIFINDEX, SIOCGIFHWADDR, SIOCETHTOOL = 0x8933, 0x8927, 0x8946
ETHTOOL_STXCSUM = 0x17

# --- pkt_sched.h, gen_stats.h ----------------------------------------------------------------------------------------
TC_H_ROOT, TC_H_INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
TCA_STATS_QUEUE = 3
