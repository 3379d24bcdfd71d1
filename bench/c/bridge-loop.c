/*
 * The floor for the bridge's hot loop: the same steps over the same frames in the same places, in C.
 * Validate, learn the source, look the destination up, queue the slot; ageing, station moves, hairpin and
 * isolation are tested as bridge/ tests them.
 *
 * usage: bridge-loop FRAMES STATIONS PORTS PASSES      prints: nanoseconds a frame, frames forwarded
 * gcc -O3 -march=native
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOT = 2112, HEADROOM = 66, BURST = 256, BITS = 15, ENTRIES = 1 << BITS, LENGTH = 60 };
enum { STATIC = 1 << 28, IN_USE = 1 << 29, HAIRPIN = 1, LEARNING = 2, ISOLATED = 32 };

struct entry { int32_t low, meta; double seen; };

static struct entry table[ENTRIES];
static uint8_t *memory;
static int32_t *start, *length, *port;
static double *when;
static int32_t queues[64][BURST], queued[64], flags[64];
static const double ageing = 300e6;
static uint64_t forwarded, moved, dropped, unknown;
static const uint32_t low_factor = 2654435769u, high_factor = 2246822519u;

static inline uint32_t home(uint32_t high, uint32_t low) { return (low * low_factor + high * high_factor) >> (32 - BITS); }

static inline void learn(int32_t high, int32_t low, int32_t from, double now) {
  for (uint32_t e = home(high, low);; e = (e + 1) & (ENTRIES - 1)) {
    int32_t meta = table[e].meta;
    if (meta == 0) {
      table[e] = (struct entry){low, (from << 16) | high | IN_USE, now};
      return;
    }
    if (table[e].low != low || (meta & 0xffff) != high) continue;
    if (((meta >> 16) & 0xfff) != from) {
      if (meta & STATIC) return;
      moved++;
      table[e].meta = (meta & ~(0xfff << 16)) | (from << 16);
      table[e].seen = now;
    } else if (!(meta & STATIC)) table[e].seen = now;
    return;
  }
}

static inline int32_t find(int32_t high, int32_t low, double now) {
  for (uint32_t e = home(high, low);; e = (e + 1) & (ENTRIES - 1)) {
    int32_t meta = table[e].meta;
    if (meta == 0) return -1;
    if (table[e].low != low || (meta & 0xffff) != high) continue;
    return now - table[e].seen >= ageing ? -1 : (meta >> 16) & 0xfff;
  }
}

static inline void bridge(int32_t slot) {
  if (length[slot] < 14) { dropped++; return; }
  const uint8_t *frame = memory + start[slot];
  int32_t first, low;
  uint16_t last, high;
  memcpy(&first, frame + 6, 4);
  memcpy(&last, frame + 10, 2);
  memcpy(&high, frame, 2);
  memcpy(&low, frame + 2, 4);
  if ((first & 1) || (first | last) == 0) { dropped++; return; }
  if (high == 0x8001 && (low & 0xf0ffffff) == 0xc2 && low != 0xc2) { dropped++; return; }
  int32_t from = port[slot];
  double now = when[slot];
  if (flags[from] & LEARNING) learn(first & 0xffff, (int32_t)(((uint32_t)first >> 16) | ((uint32_t)last << 16)), from, now);
  if (high & 1) { unknown++; return; }
  int32_t to = find(high, low, now);
  if (to < 0) { unknown++; return; }
  if (from == to ? !(flags[to] & HAIRPIN) : (flags[from] & flags[to] & ISOLATED)) { dropped++; return; }
  forwarded++;
  queues[to][queued[to]++] = slot;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int frames = atoi(argv[1]), stations = atoi(argv[2]), ports = atoi(argv[3]), passes = atoi(argv[4]);
  memory = calloc(frames, SLOT);
  start = calloc(frames, 4); length = calloc(frames, 4); port = calloc(frames, 4); when = calloc(frames, 8);
  for (int p = 0; p < ports; p++) flags[p] = LEARNING;
  for (int i = 0; i < frames; i++) {
    /* Station s lives behind port s % ports; the frame goes to a station behind another port. */
    int source = i % stations, destination = (i * 7 + 1) % stations;
    if (destination % ports == source % ports) destination = (destination + 1) % stations;
    start[i] = i * SLOT + HEADROOM; length[i] = LENGTH; port[i] = source % ports; when[i] = 1e6;
    uint8_t *f = memory + start[i];
    uint8_t d[6] = {2, 0, 0, 0, destination >> 8, destination}, s[6] = {2, 0, 0, 0, source >> 8, source};
    memcpy(f, d, 6); memcpy(f + 6, s, 6); f[12] = 8;
  }
  struct timespec a, b;
  for (int pass = -2; pass < passes; pass++) {
    if (pass == 0) { forwarded = 0; clock_gettime(CLOCK_MONOTONIC, &a); }
    for (int at = 0; at < frames; at += BURST) {
      for (int i = at; i < at + BURST; i++) bridge(i);
      for (int p = 0; p < ports; p++) queued[p] = 0;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  double ns = (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
  printf("%.3f %llu\n", ns / ((double)frames * passes), (unsigned long long)forwarded);
  fprintf(stderr, "%d\n", queues[0][0]);
  return 0;
}
