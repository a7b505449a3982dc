/* Sends small UDP packets at a steady rate, or takes them in and throws them away.
 *
 *   send ADDRESS PORT RATE COUNT     RATE packets a second; prints how many were sent and the rate that was reached
 *   send --sink PORT SECONDS         keeps the port open and reads nothing, so that nothing answers
 *
 * Each payload is the packet's number, eight bytes. Packets go out in bursts of 32 by sendmmsg(2).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 32 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int fail(const char *what) { perror(what); return 1; }

static int sink(int port, int seconds) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (void *)&here, sizeof here) < 0) return fail("bind");
    sleep(seconds);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "--sink")) return sink(atoi(argv[2]), atoi(argv[3]));
    if (argc != 5) return 2;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &there.sin_addr);
    double rate = atof(argv[3]);
    uint64_t count = strtoull(argv[4], NULL, 10), sent = 0, numbers[BURST];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(fd, (void *)&there, sizeof there) < 0) return fail("connect");
    struct iovec parts[BURST];
    struct mmsghdr packets[BURST];
    memset(packets, 0, sizeof packets);
    for (int i = 0; i < BURST; i++) {
        parts[i] = (struct iovec){&numbers[i], sizeof numbers[i]};
        packets[i].msg_hdr.msg_iov = &parts[i];
        packets[i].msg_hdr.msg_iovlen = 1;
    }
    double start = now();
    while (sent < count) {
        int size = count - sent < BURST ? (int)(count - sent) : BURST;
        for (int i = 0; i < size; i++) numbers[i] = sent + i;
        int done = sendmmsg(fd, packets, size, 0);
        if (done < 0) return fail("sendmmsg");
        sent += done;
        double ahead = start + sent / rate - now();
        if (ahead > 0) usleep((useconds_t)(ahead * 1e6));
    }
    printf("%llu %.0f\n", (unsigned long long)sent, sent / (now() - start));
    return 0;
}
