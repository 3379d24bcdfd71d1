/*
 * The wires of a bridge under test. It holds two network namespaces, which end with it: its own, for the bridge,
 * and one for the far ends of the bridge's ports, which is its file descriptor 3.
 *
 *   wire PORT...      the far ends have the ports' names
 *
 * Stdin and stdout are records: number of the frame, length, number of the port (32 bits each, the machine's byte
 * order), then the frame. In: frames to send, in order; length 0 ends a batch. Out: what came back, with the number
 * of the frame that it came back for; length 0 ends the batch. The first record out has no meaning: it says that
 * the namespaces are there.
 *
 * Behind every frame goes a marker by the same port, a broadcast that is no IPv4, and when that has arrived
 * everywhere else, one by another port. The kernel runs on one processor, whose queue of received frames is first in,
 * first out, and any bridge keeps the order of what comes by one port and leaves by another: where a marker has
 * arrived, so has all that the frame caused there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_PORTS = 8, MAX_FRAME = 2048, FAR_NAMESPACE = 3, MARKER_TYPE = 0x88b5, PATIENCE = 15000 };

struct record {
  uint32_t frame, length, port;
};

static int sockets[MAX_PORTS];
static int ports;
static uint8_t marker[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 'm', 'a', 'r', 'k', 0, MARKER_TYPE >> 8, MARKER_TYPE & 255};

static void writeFully(const void *data, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(1, (const char *)data + done, length - done);
    if (n <= 0) err(1, "write");
    done += n;
  }
}

/* Nobody is left to talk to when stdin ends: that ends the process, and with it the namespaces. */
static void readFully(void *data, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = read(0, (char *)data + done, length - done);
    if (n < 0) err(1, "read");
    if (n == 0) _exit(0);
    done += n;
  }
}

static void newNamespace(void) {
  if (unshare(CLONE_NEWNET)) err(1, "unshare");
}

static int openNamespace(void) {
  int fd = open("/proc/self/ns/net", O_RDONLY);
  if (fd < 0) err(1, "/proc/self/ns/net");
  return fd;
}

/* A far end: frames as they are on the wire, nothing that it sent itself, room for all that one frame may cause. */
static int openFarEnd(const char *name) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(name)};
  int on = 1, room = 16 << 20;
  int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (s < 0) err(1, "socket");
  if (setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on)) err(1, "PACKET_IGNORE_OUTGOING");
  if (setsockopt(s, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on)) err(1, "PACKET_AUXDATA");
  if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)) err(1, "SO_RCVBUFFORCE");
  if (bind(s, (struct sockaddr *)&address, sizeof address)) err(1, "bind %s", name);
  return s;
}

static void openFarEnds(char **names) {
  int here = openNamespace();
  if (setns(FAR_NAMESPACE, CLONE_NEWNET)) err(1, "setns");
  for (int i = 0; i < ports; i++) sockets[i] = openFarEnd(names[i]);
  if (setns(here, CLONE_NEWNET)) err(1, "setns");
}

static void sendFrame(int port, const void *frame, size_t length) {
  if (send(sockets[port], frame, length, 0) != (ssize_t)length) err(1, "send %zu bytes", length);
}

/* The kernel takes the outermost VLAN tag out of the frame and hands it over beside it. */
static ssize_t restoreTag(struct msghdr *message, uint8_t *frame, ssize_t length) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    struct tpacket_auxdata *aux = (struct tpacket_auxdata *)CMSG_DATA(c);
    if (!(aux->tp_status & TP_STATUS_VLAN_VALID)) return length;
    uint16_t tag[2] = {htons(aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETHERTYPE_VLAN), htons(aux->tp_vlan_tci)};
    memmove(frame + 16, frame + 12, length - 12);
    memcpy(frame + 12, tag, 4);
    return length + 4;
  }
  return length;
}

/* One frame from a far end: its length, or 0 when there is none. */
static ssize_t receive(int port, uint8_t *frame) {
  char control[256];
  struct iovec iov = {frame, MAX_FRAME - 4};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(sockets[port], &message, 0);
  if (n < 0 && errno != EAGAIN) err(1, "recvmsg");
  return n <= 0 ? 0 : restoreTag(&message, frame, n);
}

/* Passes on what has arrived for the frame `number` at a port; whether the marker was the end of it. */
static int drain(int port, uint32_t number) {
  uint8_t frame[MAX_FRAME];
  for (ssize_t n; (n = receive(port, frame)) > 0;) {
    if (n == sizeof marker && !memcmp(frame, marker, n)) return 1;
    struct record out = {number, n, port};
    writeFully(&out, sizeof out);
    writeFully(frame, n);
  }
  return 0;
}

/* Until a new marker, sent into this port, has come out of all others: the kernel may take seconds to see that links are up. */
static void markFrom(int port, uint32_t number) {
  memcpy(marker + 14, &number, sizeof number);
  marker[18]++;
  sendFrame(port, marker, sizeof marker);
  for (int other = ports - 1; other >= 0; other--)
    while (other != port && !drain(other, number)) {
      struct pollfd wait = {sockets[other], POLLIN, 0};
      if (poll(&wait, 1, PATIENCE) == 0) errx(1, "frame %u: its marker did not arrive at port %d", number, other);
    }
}

/* A marker behind the frame, then one that comes out where the frame went in. */
static void settle(int port, uint32_t number) {
  markFrom(port, number);
  markFrom(port == 0 ? 1 : 0, number);
}

int main(int argc, char **argv) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ports = argc - 1;
  if (ports < 2 || ports > MAX_PORTS) errx(2, "usage: wire PORT PORT...");
  if (sched_setaffinity(0, sizeof one, &one)) err(1, "sched_setaffinity");
  newNamespace();
  if (dup2(openNamespace(), FAR_NAMESPACE) < 0) err(1, "dup2");
  newNamespace();
  struct record record = {0, 0, 0};
  writeFully(&record, sizeof record);
  for (int isOpen = 0;;) {
    uint8_t frame[MAX_FRAME];
    readFully(&record, sizeof record);
    if (!isOpen++) openFarEnds(argv + 1);
    if (record.length > sizeof frame || record.port >= (uint32_t)ports) errx(1, "frame %u: no such frame", record.frame);
    if (record.length == 0) {
      writeFully(&record, sizeof record);
      continue;
    }
    readFully(frame, record.length);
    sendFrame(record.port, frame, record.length);
    settle(record.port, record.frame);
  }
}
