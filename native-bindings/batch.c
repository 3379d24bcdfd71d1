/* Where io_uring is not to be had: many reads or writes in one native call, and waiting for several descriptors. */
#include "node.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * readFrames(fd, memory, offsets, lengths, count): reads a frame to each of the offsets, at most as long as `lengths`
 * says there, which becomes the frame's length. How many were there.
 */
napi_value readFrames(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  int fd = integer(&call, 0), count = integer(&call, 4), done = 0;
  uint8_t *bytes = memory(&call, 1, NULL);
  int32_t *offsets = memory(&call, 2, NULL), *lengths = memory(&call, 3, NULL);
  for (; done < count; done++) {
    ssize_t length = read(fd, bytes + offsets[done], lengths[done]);
    if (length < 0) break;
    lengths[done] = length;
  }
  if (done < count && errno != EAGAIN && errno != EINTR && done == 0) return numberOf(env, -errno);
  return numberOf(env, done);
}

/* writeFrames(fd, memory, offsets, lengths, count): how many the kernel has taken, each of the others it refused. */
napi_value writeFrames(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  int fd = integer(&call, 0), count = integer(&call, 4), taken = 0;
  uint8_t *bytes = memory(&call, 1, NULL);
  int32_t *offsets = memory(&call, 2, NULL), *lengths = memory(&call, 3, NULL);
  for (int i = 0; i < count; i++)
    if (write(fd, bytes + offsets[i], lengths[i]) == lengths[i]) taken++;
  return numberOf(env, taken);
}

/* waitReadable(descriptors, ready, timeout): sleeps, at most so many milliseconds, until some are; `ready` is 1 there. */
napi_value waitReadable(napi_env env, napi_callback_info info) {
  enum { MOST = 1024 };
  struct call call = callOf(env, info);
  struct pollfd list[MOST];
  size_t bytes;
  int32_t *descriptors = memory(&call, 0, &bytes), *ready = memory(&call, 1, NULL);
  int count = bytes / sizeof *descriptors < MOST ? bytes / sizeof *descriptors : MOST;
  for (int i = 0; i < count; i++) list[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
  int found = poll(list, count, integer(&call, 2));
  for (int i = 0; i < count; i++) ready[i] = found > 0 && list[i].revents != 0;
  return numberOf(env, found < 0 ? -errno : found);
}

/* openEvent(): a counter that others raise to wake who reads it. */
napi_value openEvent(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? failed(env, "eventfd", "event") : numberOf(env, fd);
}

/* signalEvent(fd) */
napi_value signalEvent(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  uint64_t one = 1;
  if (write(integer(&call, 0), &one, sizeof one) < 0 && errno != EAGAIN) return failed(env, "write", "event");
  return undefined(env);
}

/* closeDescriptor(fd) */
napi_value closeDescriptor(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  close(integer(&call, 0));
  return undefined(env);
}
