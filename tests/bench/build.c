/* The yardstick for building: N containers with raw, batched netlink, and nothing else.
 *
 *   build N PORTS     inside `unshare -Urn`; prints the milliseconds it took
 *
 * Each container is a network namespace with eth0 (one end of a veth pair whose other end is a port of a bridge with at
 * most PORTS ports), lo up, an address, a default route, and checksum offload switched off at both ends. One send
 * carries a pair's link message; a second, from inside the namespace, carries the rest. Sources: rtnetlink(7), veth(4).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[8192];
static size_t used;
static int messages;

static void fail(const char *what) { perror(what); exit(1); }

static struct nlmsghdr *begin(int type, int flags, size_t body) {
    struct nlmsghdr *header = (void *)(buffer + used);
    memset(header, 0, NLMSG_HDRLEN + NLMSG_ALIGN(body));
    header->nlmsg_type = type;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    used += NLMSG_HDRLEN + NLMSG_ALIGN(body);
    messages++;
    return header;
}

static void end(struct nlmsghdr *header) { header->nlmsg_len = buffer + used - (char *)header; }

static struct rtattr *put(int type, const void *data, size_t size) {
    struct rtattr *attribute = (void *)(buffer + used);
    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(size);
    if (size) memcpy(RTA_DATA(attribute), data, size);
    used += RTA_SPACE(size);
    return attribute;
}

static void close_nest(struct rtattr *attribute) { attribute->rta_len = buffer + used - (char *)attribute; }

static int netlink(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) fail("socket");
    return fd;
}

/* Sends all messages at once and reads one acknowledgement for each. */
static void flush_to(int fd) {
    if (send(fd, buffer, used, 0) < 0) fail("send");
    while (messages > 0) {
        char answer[16384];
        ssize_t size = recv(fd, answer, sizeof answer, 0);
        if (size < 0) fail("recv");
        for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, size); h = NLMSG_NEXT(h, size)) {
            struct nlmsgerr *error = NLMSG_DATA(h);
            if (h->nlmsg_type == NLMSG_ERROR && error->error) {
                errno = -error->error;
                fail("netlink");
            }
            messages--;
        }
    }
    used = 0;
}

static void add_bridge(const char *name) {
    struct nlmsghdr *message = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    struct ifinfomsg *link = NLMSG_DATA(message);
    link->ifi_flags = link->ifi_change = IFF_UP;
    put(IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *info = put(IFLA_LINKINFO, NULL, 0);
    put(IFLA_INFO_KIND, "bridge", 7);
    close_nest(info);
    end(message);
}

/* The port in this namespace, up; its peer eth0 in namespace `target`, which a veth cannot bring up before both exist. */
static void add_pair(const char *port, unsigned master, int target) {
    struct nlmsghdr *message = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    struct ifinfomsg *link = NLMSG_DATA(message), peer = {0};
    link->ifi_flags = link->ifi_change = IFF_UP;
    put(IFLA_IFNAME, port, strlen(port) + 1);
    put(IFLA_MASTER, &master, sizeof master);
    struct rtattr *info = put(IFLA_LINKINFO, NULL, 0);
    put(IFLA_INFO_KIND, "veth", 5);
    struct rtattr *data = put(IFLA_INFO_DATA, NULL, 0);
    struct rtattr *other = put(VETH_INFO_PEER, &peer, sizeof peer);
    put(IFLA_IFNAME, "eth0", 5);
    put(IFLA_NET_NS_FD, &target, sizeof target);
    close_nest(other);
    close_nest(data);
    close_nest(info);
    end(message);
}

static void up(unsigned index) {
    struct nlmsghdr *message = begin(RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
    struct ifinfomsg *link = NLMSG_DATA(message);
    link->ifi_index = index;
    link->ifi_flags = link->ifi_change = IFF_UP;
    end(message);
}

static void add_address(unsigned index, in_addr_t address) {
    struct nlmsghdr *message = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifaddrmsg));
    struct ifaddrmsg *body = NLMSG_DATA(message);
    body->ifa_family = AF_INET;
    body->ifa_prefixlen = 16;
    body->ifa_index = index;
    put(IFA_LOCAL, &address, 4);
    put(IFA_ADDRESS, &address, 4);
    end(message);
}

static void add_default_route(in_addr_t gateway) {
    struct nlmsghdr *message = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct rtmsg));
    struct rtmsg *route = NLMSG_DATA(message);
    route->rtm_family = AF_INET;
    route->rtm_table = RT_TABLE_MAIN;
    route->rtm_protocol = RTPROT_BOOT;
    route->rtm_type = RTN_UNICAST;
    put(RTA_GATEWAY, &gateway, 4);
    end(message);
}

static void checksums_off(int fd, const char *name) {
    struct ethtool_value wish = {.cmd = ETHTOOL_STXCSUM, .data = 0};
    struct ifreq request = {.ifr_data = (void *)&wish};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCETHTOOL, &request) < 0) fail("ethtool");
}

static void container(int home, int home_netlink, int home_socket, int number, unsigned master) {
    char port[IFNAMSIZ];
    snprintf(port, sizeof port, "v%d", number);
    if (unshare(CLONE_NEWNET) < 0) fail("unshare");
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), inside = netlink();
    int inside_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (here < 0 || inside_socket < 0) fail("namespace");
    add_pair(port, master, here);
    flush_to(home_netlink);
    unsigned index = if_nametoindex("eth0");
    up(1);
    up(index);
    add_address(index, htonl(0x0a000000u + (number / 60000 << 16) + number % 60000 + 2));
    add_default_route(htonl(0x0a000001u + (number / 60000 << 16)));
    flush_to(inside);
    checksums_off(inside_socket, "eth0");
    checksums_off(home_socket, port);
    close(inside);
    close(inside_socket);
    if (setns(home, CLONE_NEWNET) < 0) fail("setns"); /* `here` stays open: it keeps the namespace */
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 100, ports = argc > 2 ? atoi(argv[2]) : 1000;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct timespec start, stop;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = netlink();
    int home_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unsigned master = 0;
    for (int number = 0; number < count; number++) {
        if (number % ports == 0) {
            char name[IFNAMSIZ];
            snprintf(name, sizeof name, "br%d", number / ports);
            add_bridge(name);
            flush_to(fd);
            master = if_nametoindex(name);
        }
        container(home, fd, home_socket, number, master);
    }
    clock_gettime(CLOCK_MONOTONIC, &stop);
    printf("%.3f\n", (stop.tv_sec - start.tv_sec) * 1e3 + (stop.tv_nsec - start.tv_nsec) / 1e6);
    return 0;
}
