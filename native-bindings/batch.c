/* Where io_uring is not to be had: many reads or writes in one native call, and waiting for several descriptors. */
#include "node.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Frames in memory. */
struct frames {
  uint8_t *bytes;
  int32_t *offsets, *lengths;
  size_t size;
  int count;
};

/* The arguments from the second on; count is 0 where the arrays are too short for it. */
static struct frames framesOf(struct call *call) {
  struct frames frames = {.count = integer(call, 4)};
  size_t offsets, lengths;
  frames.bytes = memory(call, 1, &frames.size);
  frames.offsets = memory(call, 2, &offsets);
  frames.lengths = memory(call, 3, &lengths);
  size_t bytes = frames.count < 0 ? SIZE_MAX : frames.count * sizeof(int32_t);
  if (bytes > offsets || bytes > lengths) frames.count = 0;
  return frames;
}

/* The frame's first byte with `before` bytes in front of it, all in the memory; or NULL. */
static uint8_t *placeOf(struct frames *frames, int number, int before) {
  int64_t offset = frames->offsets[number], length = frames->lengths[number];
  if (offset < before || length < 0 || offset + length > (int64_t)frames->size) return NULL;
  return frames->bytes + offset;
}

static napi_value amountRead(napi_env env, int done, int count) {
  bool isOver = done < count && done == 0 && errno != EAGAIN && errno != EINTR;
  return numberOf(env, isOver ? -errno : done);
}

/*
 * readFrames(fd, memory, offsets, lengths, count): reads a frame to each of the offsets, at most as long as `lengths`
 * says there, which becomes the frame's length. How many were there.
 */
napi_value readFrames(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct frames frames = framesOf(&call);
  int fd = integer(&call, 0), done = 0;
  for (; done < frames.count; done++) {
    uint8_t *place = placeOf(&frames, done, 0);
    errno = EFAULT;
    ssize_t length = place ? read(fd, place, frames.lengths[done]) : -1;
    if (length < 0) break;
    frames.lengths[done] = length;
  }
  return amountRead(env, done, frames.count);
}

/* receiveFrames(fd, memory, offsets, lengths, count): the same of a packet socket, its control message just before. */
napi_value receiveFrames(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct frames frames = framesOf(&call);
  int fd = integer(&call, 0), done = 0;
  for (; done < frames.count; done++) {
    uint8_t *place = placeOf(&frames, done, CONTROL_BYTES);
    struct iovec room = {.iov_base = place, .iov_len = frames.lengths[done]};
    struct msghdr message = {.msg_iov = &room, .msg_iovlen = 1, .msg_controllen = CONTROL_BYTES};
    message.msg_control = place - CONTROL_BYTES;
    errno = EFAULT;
    ssize_t length = place ? recvmsg(fd, &message, 0) : -1;
    if (length < 0) break;
    frames.lengths[done] = length;
  }
  return amountRead(env, done, frames.count);
}

/* writeFrames(fd, memory, offsets, lengths, count): how many the kernel has taken, each of the others it refused. */
napi_value writeFrames(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct frames frames = framesOf(&call);
  int fd = integer(&call, 0), taken = 0;
  for (int i = 0; i < frames.count; i++) {
    uint8_t *place = placeOf(&frames, i, 0);
    if (place && write(fd, place, frames.lengths[i]) == frames.lengths[i]) taken++;
  }
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
