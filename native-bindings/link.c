/* Devices: TAPs made, links set up, in whatever network namespace, and packet sockets on them. */
#include "node.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* close, and errno stays what it was. */
static void closeQuietly(int fd) {
  int before = errno;
  close(fd);
  errno = before;
}

/*
 * Goes to the namespace of this path, if there is one; where the thread was is what `leaveNamespace` wants. Everything
 * between the two is one native call: JavaScript never runs there.
 */
static int enterNamespace(const char *path) {
  if (path[0] == 0) return -2;
  int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (here < 0) return -1; /* there would be no way back */
  int there = open(path, O_RDONLY | O_CLOEXEC);
  int result = there < 0 ? -1 : setns(there, CLONE_NEWNET);
  if (there >= 0) closeQuietly(there);
  if (result == 0) return here;
  closeQuietly(here);
  return -1;
}

static void leaveNamespace(int here) {
  if (here < 0) return;
  int before = errno;
  /* Who cannot come back must not go on with the sockets of another namespace. */
  if (setns(here, CLONE_NEWNET)) abort();
  close(here);
  errno = before;
}

/* The operation that failed; NULL. */
static const char *askForTap(int fd, struct ifreq *request, bool isPersistent) {
  bool hasOffload = request->ifr_flags & IFF_VNET_HDR;
  if (ioctl(fd, TUNSETIFF, request)) return "TUNSETIFF";
  if (hasOffload && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)) return "TUNSETOFFLOAD";
  if (isPersistent && ioctl(fd, TUNSETPERSIST, 1)) return "TUNSETPERSIST";
  return NULL;
}

/*
 * openTap(namespace, name, hasOffload, isPersistent): a TAP's file descriptor, which does not block; `namespace` is the
 * path of the one that the device is in, '' for this thread's. The device is made if need be, and then ends when it is
 * closed, unless it is persistent. With offload each frame has a virtio header before it; checksums may be left to us
 * then, and TCP come in segments of 64 KiB.
 */
napi_value openTap(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | (flag(&call, 2) ? IFF_VNET_HDR : 0)};
  char path[PATH_BYTES], name[NAME_BYTES];
  text(&call, 0, path, sizeof path);
  text(&call, 1, name, sizeof name);
  memcpy(request.ifr_name, name, sizeof name);
  int here = enterNamespace(path);
  if (here == -1) return failed(env, "setns", path);
  /* The device is in the namespace that this was opened in. */
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const char *operation = fd < 0 ? "open" : askForTap(fd, &request, flag(&call, 3));
  leaveNamespace(here);
  if (!operation) return numberOf(env, fd);
  if (fd < 0) return failed(env, operation, "/dev/net/tun");
  closeQuietly(fd);
  return failed(env, operation, name);
}

/* The operation that failed; NULL. */
static const char *applySettings(const char *name, const uint8_t *mac, int mtu, bool isUp) {
  struct ifreq request = {0};
  const char *operation = NULL;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "socket";
  memcpy(request.ifr_name, name, NAME_BYTES);
  if (mac) {
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, mac, 6);
    if (ioctl(fd, SIOCSIFHWADDR, &request)) operation = "SIOCSIFHWADDR";
  }
  if (!operation && mtu > 0) {
    request.ifr_mtu = mtu;
    if (ioctl(fd, SIOCSIFMTU, &request)) operation = "SIOCSIFMTU";
  }
  if (!operation && ioctl(fd, SIOCGIFFLAGS, &request)) operation = "SIOCGIFFLAGS";
  if (!operation && isUp) {
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request)) operation = "SIOCSIFFLAGS";
  }
  closeQuietly(fd);
  return operation;
}

/*
 * configureLink(namespace, name, mac, mtu, isUp): `namespace` is the path of one, '' for this thread's; mac six bytes,
 * or none of a length of 0; an mtu of 0 stays what it is.
 */
napi_value configureLink(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  char path[PATH_BYTES], name[NAME_BYTES];
  size_t macBytes;
  text(&call, 0, path, sizeof path);
  text(&call, 1, name, sizeof name);
  uint8_t *mac = memory(&call, 2, &macBytes);
  int here = enterNamespace(path);
  if (here == -1) return failed(env, "setns", path);
  const char *operation = applySettings(name, macBytes == 6 ? mac : NULL, integer(&call, 3), flag(&call, 4));
  leaveNamespace(here);
  return operation ? failed(env, operation, name) : undefined(env);
}

/* What a packet socket keeps until it is read: frames of 64 KiB come in dozens. */
enum { PACKET_ROOM = 8 << 20 };

/*
 * openPacket(name): a socket that has every frame that the device receives, and by which frames are sent;
 * promiscuous as long as it is open. What is sent by it does not come back. A VLAN tag is in a control message
 * (PACKET_AUXDATA). Each frame has a virtio header before it, as that of a TAP: without, nothing would tell that a
 * frame's checksum is left to others, or how it is to be cut.
 */
napi_value openPacket(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  char name[NAME_BYTES];
  text(&call, 0, name, sizeof name);
  struct sockaddr_ll address = {
    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(name)};
  struct packet_mreq promiscuous = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  int yes = 1, room = PACKET_ROOM;
  const char *operation = NULL;
  if (address.sll_ifindex == 0) return failed(env, "if_nametoindex", name);
  /* Of no protocol until it is bound: it would begin with frames of other devices. */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(env, "socket", name);
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes)) operation = "PACKET_IGNORE_OUTGOING";
  else if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous))
    operation = "PACKET_ADD_MEMBERSHIP";
  else if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes)) operation = "PACKET_AUXDATA";
  else if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes)) operation = "PACKET_VNET_HDR";
  else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)) operation = "SO_RCVBUFFORCE";
  else if (bind(fd, (struct sockaddr *)&address, sizeof address)) operation = "bind";
  if (!operation) return numberOf(env, fd);
  closeQuietly(fd);
  return failed(env, operation, name);
}

/* packetDrops(fd): frames that the socket had no room for since this was asked last (PACKET_STATISTICS). */
napi_value packetDrops(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct tpacket_stats statistics = {0};
  socklen_t bytes = sizeof statistics;
  if (getsockopt(integer(&call, 0), SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes))
    return failed(env, "PACKET_STATISTICS", "packet socket");
  return numberOf(env, statistics.tp_drops);
}
