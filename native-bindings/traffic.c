/* What `br100 bench` sends, takes in and measures: small UDP datagrams, one TCP stream, pings. What is in them is nobody's. */
#include "node.h"

#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 64, LONGEST_DATAGRAM = 1472, STRETCH = 128 << 10, PING_BYTES = 56 };
/* Waiting, in microseconds: JavaScript looks at the clock in between. */
enum { FOR_TRAFFIC = 100000, FOR_CONNECTION = 900000, FOR_ANSWER = 900000 };

static bool waitsAtMost(int fd, int option, int microseconds) {
  struct timeval wait = {.tv_usec = microseconds};
  return setsockopt(fd, SOL_SOCKET, option, &wait, sizeof wait) == 0;
}

/* False where `place` is no IPv4 address; then errno says so. */
static bool addressOfHost(const char *place, int port, struct sockaddr_in *address) {
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
  errno = EINVAL;
  return inet_pton(AF_INET, place, &address->sin_addr) == 1;
}

/* The socket; or it is closed, and the operation that has failed is thrown. */
static napi_value socketOrError(napi_env env, int fd, const char *operation, const char *place) {
  if (!operation) return numberOf(env, fd);
  int why = errno;
  close(fd);
  errno = why;
  return failed(env, operation, place);
}

static napi_value countOrError(napi_env env, ssize_t count) { return numberOf(env, count < 0 ? -errno : count); }

/* The operation that failed; NULL. */
static const char *prepareDatagrams(int fd, const struct sockaddr_in *address, bool isSender, int room) {
  if (isSender) return connect(fd, (const struct sockaddr *)address, sizeof *address) ? "connect" : NULL;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)) return "SO_RCVBUFFORCE";
  if (!waitsAtMost(fd, SO_RCVTIMEO, FOR_TRAFFIC)) return "SO_RCVTIMEO";
  return bind(fd, (const struct sockaddr *)address, sizeof *address) ? "bind" : NULL;
}

/*
 * openDatagrams(address, port, isSender, room): a socket that sends to there, or has what comes there, for which the
 * kernel keeps `room` bytes.
 */
napi_value openDatagrams(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  char place[INET_ADDRSTRLEN];
  struct sockaddr_in address;
  text(&call, 0, place, sizeof place);
  if (!addressOfHost(place, integer(&call, 1), &address)) return failed(env, "inet_pton", place);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(env, "socket", place);
  return socketOrError(env, fd, prepareDatagrams(fd, &address, flag(&call, 2), integer(&call, 3)), place);
}

/* All of them are one stretch of memory: its contents are not looked at. */
static void pointAt(struct mmsghdr *messages, struct iovec *stretch) {
  memset(messages, 0, MOST_AT_ONCE * sizeof *messages);
  for (int i = 0; i < MOST_AT_ONCE; i++) {
    messages[i].msg_hdr.msg_iov = stretch;
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

/* sendDatagrams(fd, bytes): 64 datagrams of so many bytes each. How many went, or -errno. */
napi_value sendDatagrams(napi_env env, napi_callback_info info) {
  static const uint8_t zeros[LONGEST_DATAGRAM];
  struct call call = callOf(env, info);
  struct iovec stretch = {(void *)zeros, integer(&call, 1)};
  struct mmsghdr messages[MOST_AT_ONCE];
  if (stretch.iov_len > sizeof zeros) stretch.iov_len = sizeof zeros;
  pointAt(messages, &stretch);
  return countOrError(env, sendmmsg(integer(&call, 0), messages, MOST_AT_ONCE, 0));
}

/*
 * receiveDatagrams(fd): takes in what is there, up to 64 datagrams, and waits up to a tenth of a second for the first.
 * How many there were, or -errno.
 */
napi_value receiveDatagrams(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  uint8_t rest[LONGEST_DATAGRAM];
  struct iovec stretch = {rest, sizeof rest};
  struct mmsghdr messages[MOST_AT_ONCE];
  pointAt(messages, &stretch);
  return countOrError(env, recvmmsg(integer(&call, 0), messages, MOST_AT_ONCE, MSG_WAITFORONE, NULL));
}

/* The operation that failed; NULL. */
static const char *prepareStream(int fd, const struct sockaddr_in *address, bool isSender) {
  int yes = 1;
  if (!waitsAtMost(fd, isSender ? SO_SNDTIMEO : SO_RCVTIMEO, isSender ? FOR_CONNECTION : FOR_TRAFFIC)) return "SO_RCVTIMEO";
  if (isSender) return connect(fd, (const struct sockaddr *)address, sizeof *address) ? "connect" : NULL;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes)) return "SO_REUSEADDR";
  if (bind(fd, (const struct sockaddr *)address, sizeof *address)) return "bind";
  return listen(fd, 1) ? "listen" : NULL;
}

/* openStream(address, port, isSender): a TCP connection to there, or a socket that listens there. */
napi_value openStream(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  char place[INET_ADDRSTRLEN];
  struct sockaddr_in address;
  text(&call, 0, place, sizeof place);
  if (!addressOfHost(place, integer(&call, 1), &address)) return failed(env, "inet_pton", place);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(env, "socket", place);
  return socketOrError(env, fd, prepareStream(fd, &address, flag(&call, 2)), place);
}

/* acceptStream(fd): who has connected within a tenth of a second, or -errno; it is waited for as long at each call. */
napi_value acceptStream(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  return countOrError(env, accept4(integer(&call, 0), NULL, NULL, SOCK_CLOEXEC));
}

/* sendStream(fd): sends 128 KiB. How many bytes of them the kernel has taken, or -errno. */
napi_value sendStream(napi_env env, napi_callback_info info) {
  static const uint8_t zeros[STRETCH];
  struct call call = callOf(env, info);
  return countOrError(env, send(integer(&call, 0), zeros, sizeof zeros, MSG_NOSIGNAL));
}

/* receiveStream(fd): takes in what is there, up to 128 KiB. How many bytes there were, 0 at the end, or -errno. */
napi_value receiveStream(napi_env env, napi_callback_info info) {
  static uint8_t rest[STRETCH];
  struct call call = callOf(env, info);
  return countOrError(env, recv(integer(&call, 0), rest, sizeof rest, 0));
}

/* The operation that failed; NULL. */
static const char *preparePings(int fd, const struct sockaddr_in *address) {
  int yes = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) return "SO_TIMESTAMPNS";
  if (!waitsAtMost(fd, SO_RCVTIMEO, FOR_ANSWER)) return "SO_RCVTIMEO";
  return connect(fd, (const struct sockaddr *)address, sizeof *address) ? "connect" : NULL;
}

/* openPings(address): a socket for echo requests to there. The namespace has to allow them (ping_group_range). */
napi_value openPings(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  char place[INET_ADDRSTRLEN];
  struct sockaddr_in address;
  text(&call, 0, place, sizeof place);
  if (!addressOfHost(place, 0, &address)) return failed(env, "inet_pton", place);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (fd < 0) return failed(env, "socket", place);
  return socketOrError(env, fd, preparePings(fd, &address), place);
}

/* When the kernel took the message in: waking who waits for it is not the way there and back. */
static struct timespec timeOf(struct msghdr *message) {
  struct timespec time = {0};
  for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one))
    if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_TIMESTAMPNS) memcpy(&time, CMSG_DATA(one), sizeof time);
  return time;
}

/* pingOnce(fd, sequence): nanoseconds until the answer to it was there, or -errno. */
napi_value pingOnce(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct {
    struct icmphdr header;
    uint8_t rest[PING_BYTES];
  } request = {.header = {.type = ICMP_ECHO}}, answer;
  union {
    struct cmsghdr alignment;
    uint8_t bytes[128];
  } control;
  struct iovec room = {&answer, sizeof answer};
  struct timespec sent, came;
  int fd = integer(&call, 0);
  request.header.un.echo.sequence = htons(integer(&call, 1));
  clock_gettime(CLOCK_REALTIME, &sent);
  if (send(fd, &request, sizeof request, 0) < 0) return countOrError(env, -1);
  do { /* What comes first may be the answer to one that was given up. */
    struct msghdr message = {
      .msg_iov = &room, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, 0) < 0) return countOrError(env, -1);
    came = timeOf(&message);
  } while (answer.header.un.echo.sequence != request.header.un.echo.sequence);
  return numberOf(env, (came.tv_sec - sent.tv_sec) * 1000000000LL + came.tv_nsec - sent.tv_nsec);
}
