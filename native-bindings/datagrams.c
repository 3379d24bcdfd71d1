/* Small UDP datagrams, many with one call: what `br100 bench` sends and counts. What is in them is nobody's. */
#include "node.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 64, LONGEST_DATAGRAM = 1472, WAIT_MICROSECONDS = 100000 };

/* The operation that failed; NULL. */
static const char *prepare(int fd, const struct sockaddr_in *address, bool isSender, int room) {
  struct timeval wait = {.tv_usec = WAIT_MICROSECONDS};
  int buffer = isSender ? SO_SNDBUFFORCE : SO_RCVBUFFORCE;
  if (room > 0 && setsockopt(fd, SOL_SOCKET, buffer, &room, sizeof room))
    return isSender ? "SO_SNDBUFFORCE" : "SO_RCVBUFFORCE";
  if (isSender) return connect(fd, (const struct sockaddr *)address, sizeof *address) ? "connect" : NULL;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait)) return "SO_RCVTIMEO";
  return bind(fd, (const struct sockaddr *)address, sizeof *address) ? "bind" : NULL;
}

/*
 * openDatagrams(address, port, isSender, room): a socket that sends to there, or has what comes there. The kernel keeps
 * `room` bytes for it, 0: what it gives everybody.
 */
napi_value openDatagrams(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  char place[INET_ADDRSTRLEN];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(integer(&call, 1))};
  text(&call, 0, place, sizeof place);
  errno = EINVAL;
  if (inet_pton(AF_INET, place, &address.sin_addr) != 1) return failed(env, "inet_pton", place);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(env, "socket", place);
  const char *operation = prepare(fd, &address, flag(&call, 2), integer(&call, 3));
  if (!operation) return numberOf(env, fd);
  int why = errno;
  close(fd);
  errno = why;
  return failed(env, operation, place);
}

/* All of them are one stretch of memory: its contents are not looked at. */
static void pointAt(struct mmsghdr *messages, struct iovec *stretch) {
  memset(messages, 0, MOST_AT_ONCE * sizeof *messages);
  for (int i = 0; i < MOST_AT_ONCE; i++) {
    messages[i].msg_hdr.msg_iov = stretch;
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

static napi_value countOrError(napi_env env, int count) { return numberOf(env, count < 0 ? -errno : count); }

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
