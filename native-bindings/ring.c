/* io_uring: a ring made, its memory shown to JavaScript, buffers to read into, and the one call a burst. */
#include "node.h"

#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether the kernel knows an operation; older headers have no name for the one that matters. */
static bool knowsOperation(int ring, int operation) {
  enum { MOST = 256 };
  struct io_uring_probe *probe = calloc(1, sizeof *probe + MOST * sizeof *probe->ops);
  if (!probe) return false;
  int result = syscall(SYS_io_uring_register, ring, IORING_REGISTER_PROBE, probe, MOST);
  bool knows = result >= 0 && operation <= probe->last_op && (probe->ops[operation].flags & IO_URING_OP_SUPPORTED);
  free(probe);
  return knows;
}

/*
 * setupRing(entries, completions, operation): { fd, ring, entries, offsets, knowsOperation }. `ring` has both rings, `entries` the submission
 * queue's; `offsets`, in bytes of `ring`, are
 *   submission head, tail, mask, array · completion head, tail, mask, entries
 * and the sizes of both queues. Completions appear only within `enterRing` of this thread (DEFER_TASKRUN), so that
 * plain loads and stores do.
 */
napi_value setupRing(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct io_uring_params p = {
    .cq_entries = integer(&call, 1),
    .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
  };
  int fd = syscall(SYS_io_uring_setup, integer(&call, 0), &p);
  if (fd < 0) return failed(env, "io_uring_setup", "ring");
  size_t completions = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  size_t submissions = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
  size_t bytes = completions > submissions ? completions : submissions;
  size_t entryBytes = p.sq_entries * sizeof(struct io_uring_sqe);
  void *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
  void *entries = mmap(NULL, entryBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
  if (ring == MAP_FAILED || entries == MAP_FAILED) {
    close(fd);
    return failed(env, "mmap", "ring");
  }
  int64_t offsets[] = {p.sq_off.head, p.sq_off.tail, p.sq_off.ring_mask, p.sq_off.array, p.cq_off.head,
    p.cq_off.tail, p.cq_off.ring_mask, p.cq_off.cqes, p.sq_entries, p.cq_entries};
  napi_value result, list;
  napi_create_object(env, &result);
  napi_create_array(env, &list);
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
    napi_set_element(env, list, i, numberOf(env, offsets[i]));
  setNumber(env, result, "fd", fd);
  setNumber(env, result, "knowsOperation", knowsOperation(fd, integer(&call, 2)));
  napi_set_named_property(env, result, "ring", mapped(env, ring, bytes));
  napi_set_named_property(env, result, "entries", mapped(env, entries, entryBytes));
  napi_set_named_property(env, result, "offsets", list);
  return result;
}

/* registerBuffers(ring, count, group): the ring of buffers that the group's reads take from (io_uring_buf_ring). */
napi_value registerBuffers(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  uint32_t count = integer(&call, 1);
  size_t bytes = count * sizeof(struct io_uring_buf);
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (at == MAP_FAILED) return failed(env, "mmap", "buffers");
  struct io_uring_buf_reg request = {
    .ring_addr = (uintptr_t)at, .ring_entries = count, .bgid = integer(&call, 2)};
  if (syscall(SYS_io_uring_register, integer(&call, 0), IORING_REGISTER_PBUF_RING, &request, 1) < 0) {
    munmap(at, bytes);
    return failed(env, "IORING_REGISTER_PBUF_RING", "buffers");
  }
  return mapped(env, at, bytes);
}

/* unregisterBuffers(ring, group): the group has none any more. */
napi_value unregisterBuffers(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct io_uring_buf_reg request = {.bgid = integer(&call, 1)};
  if (syscall(SYS_io_uring_register, integer(&call, 0), IORING_UNREGISTER_PBUF_RING, &request, 1) < 0)
    return failed(env, "IORING_UNREGISTER_PBUF_RING", "buffers");
  return undefined(env);
}

/* registerFiles(ring, count): the ring has a table for so many files, all free (IORING_REGISTER_FILES2). */
napi_value registerFiles(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  struct io_uring_rsrc_register request = {.nr = integer(&call, 1), .flags = IORING_RSRC_REGISTER_SPARSE};
  if (syscall(SYS_io_uring_register, integer(&call, 0), IORING_REGISTER_FILES2, &request, sizeof request) < 0)
    return failed(env, "IORING_REGISTER_FILES2", "ring");
  return undefined(env);
}

/* updateFile(ring, place, fd): the table has this file there; -1: none. Who uses a file by its place spares looking it up. */
napi_value updateFile(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  int32_t fd = integer(&call, 2);
  struct io_uring_files_update request = {.offset = integer(&call, 1), .fds = (uintptr_t)&fd};
  if (syscall(SYS_io_uring_register, integer(&call, 0), IORING_REGISTER_FILES_UPDATE, &request, 1) < 0)
    return failed(env, "IORING_REGISTER_FILES_UPDATE", "ring");
  return undefined(env);
}

/* enterRing(ring, submit, wait): how many were submitted, or -errno: who is woken by a signal goes on. */
napi_value enterRing(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  int wait = integer(&call, 2);
  int result = syscall(
    SYS_io_uring_enter, integer(&call, 0), integer(&call, 1), wait, IORING_ENTER_GETEVENTS, NULL, 0);
  napi_value value;
  napi_create_int32(env, result < 0 ? -errno : result, &value);
  return value;
}

/* addressOf(array): where a typed array begins, as a bigint. */
napi_value addressOf(napi_env env, napi_callback_info info) {
  struct call call = callOf(env, info);
  napi_value value;
  napi_create_bigint_uint64(env, (uintptr_t)memory(&call, 0, NULL), &value);
  return value;
}

/*
 * adviseHugePages(array): its memory is given in large pages where the kernel has some (MADV_HUGEPAGE): a burst of
 * frames is spread over more small ones than a processor remembers. Advice: nothing is wrong where it is not taken.
 */
napi_value adviseHugePages(napi_env env, napi_callback_info info) {
  enum { HUGE_PAGE = 2 << 20 };
  struct call call = callOf(env, info);
  size_t bytes;
  uintptr_t start = (uintptr_t)memory(&call, 0, &bytes);
  uintptr_t first = (start + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1), end = start + bytes;
  if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
  return undefined(env);
}
