// The floor for a switch between two TAP devices: copies every frame from one to the other and does nothing else.
// One io_uring: multishot reads into buffer rings, writes submitted in batches.
//   tap-relay TAP_A TAP_B [offload]
// With offload each frame has a virtio header (IFF_VNET_HDR), and segments of 64 KiB cross whole.
#include <fcntl.h>
#include <liburing.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { SLOTS = 512, PORTS = 2, READ_MULTISHOT = 49, WRITE_TAG = 0, READ_TAG = 1 };

static struct io_uring ring;
static struct io_uring_buf_ring *free_slots[PORTS];
static char *pool;
static int slot_size;

static unsigned long tag(unsigned long kind, unsigned long port, unsigned long slot) {
  return kind << 40 | port << 16 | slot;
}

static int open_tap(const char *name, int offload) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0)};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) ||
      (offload && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))) {
    perror(name);
    exit(1);
  }
  return fd;
}

static struct io_uring_sqe *next_entry(int operation, int fd, unsigned long user_data) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
  if (!entry) {
    io_uring_submit(&ring);
    entry = io_uring_get_sqe(&ring);
    if (!entry) exit(1);
  }
  memset(entry, 0, sizeof *entry);
  entry->opcode = operation;
  entry->fd = fd;
  entry->off = -1;
  entry->user_data = user_data;
  return entry;
}

static char *slot_at(int port, int slot) { return pool + (size_t)(port * SLOTS + slot) * slot_size; }

static void release(int port, int slot) {
  unsigned short tail = free_slots[port]->tail;
  struct io_uring_buf *entry = &free_slots[port]->bufs[tail & (SLOTS - 1)];
  entry->addr = (unsigned long)slot_at(port, slot);
  entry->len = slot_size;
  entry->bid = slot;
  __atomic_store_n(&free_slots[port]->tail, tail + 1, __ATOMIC_RELEASE);
}

static void arm_read(int port, int fd) {
  struct io_uring_sqe *entry = next_entry(READ_MULTISHOT, fd, tag(READ_TAG, port, 0));
  entry->flags = IOSQE_BUFFER_SELECT;
  entry->buf_group = port;
}

static void prepare(const int fd[PORTS]) {
  struct io_uring_params params = {
    .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 4096};
  if (io_uring_queue_init_params(1024, &ring, &params)) {
    perror("io_uring");
    exit(1);
  }
  pool = mmap(0, (size_t)PORTS * SLOTS * slot_size, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  for (int port = 0; port < PORTS; port++) {
    if (posix_memalign((void **)&free_slots[port], 4096, SLOTS * sizeof(struct io_uring_buf))) exit(1);
    struct io_uring_buf_reg group = {
      .ring_addr = (unsigned long)free_slots[port], .ring_entries = SLOTS, .bgid = port};
    if (io_uring_register_buf_ring(&ring, &group, 0)) {
      perror("buffer ring");
      exit(1);
    }
    free_slots[port]->tail = 0;
    for (int slot = 0; slot < SLOTS; slot++) release(port, slot);
    arm_read(port, fd[port]);
  }
}

static void relay_one(struct io_uring_cqe *done, const int fd[PORTS]) {
  int port = done->user_data >> 16 & 1;
  if (done->user_data >> 40 == WRITE_TAG) {
    release(port, done->user_data & 0xffff);
    return;
  }
  if (done->res > 0) {
    int slot = done->flags >> IORING_CQE_BUFFER_SHIFT;
    struct io_uring_sqe *entry = next_entry(IORING_OP_WRITE, fd[1 - port], tag(WRITE_TAG, port, slot));
    entry->addr = (unsigned long)slot_at(port, slot);
    entry->len = done->res;
  }
  if (!(done->flags & IORING_CQE_F_MORE)) arm_read(port, fd[port]);
}

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: tap-relay TAP_A TAP_B [offload]\n");
    return 2;
  }
  int offload = count > 3;
  int fd[PORTS] = {open_tap(arguments[1], offload), open_tap(arguments[2], offload)};
  slot_size = offload ? 69632 : 2048;
  prepare(fd);
  for (;;) {
    struct io_uring_cqe *done;
    unsigned head, seen = 0;
    io_uring_submit_and_wait(&ring, 1);
    io_uring_for_each_cqe(&ring, head, done) {
      seen++;
      relay_one(done, fd);
    }
    io_uring_cq_advance(&ring, seen);
  }
}
