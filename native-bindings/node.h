/* What all of these files want of Node-API: arguments in, results out, and errors as system calls have them. */
#ifndef BR100_NODE_H
#define BR100_NODE_H

#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ARGUMENTS = 6, NAME_BYTES = 16, PATH_BYTES = 4096, CONTROL_BYTES = 40 };

/* The arguments of a call; those that were not given are undefined. */
struct call {
  napi_env env;
  napi_value arguments[MOST_ARGUMENTS];
};

struct call callOf(napi_env env, napi_callback_info info);
int32_t integer(struct call *call, int number);
bool flag(struct call *call, int number);
/* A string of less than `room` bytes, zero behind it; longer ones are cut. False where it is no string. */
bool text(struct call *call, int number, char *to, size_t room);
/* The memory of a typed array. */
void *memory(struct call *call, int number, size_t *bytes);

napi_value numberOf(napi_env env, int64_t number);
napi_value undefined(napi_env env);
void setNumber(napi_env env, napi_value object, const char *name, int64_t number);
/* Mapped memory, which is given back when JavaScript has no use for it any more. */
napi_value mapped(napi_env env, void *at, size_t bytes);

/* Throws `OPERATION DEVICE: CODE: what errno says`, with `code` and `syscall`; NULL. */
napi_value failed(napi_env env, const char *operation, const char *device);

napi_value openTap(napi_env env, napi_callback_info info);
napi_value configureLink(napi_env env, napi_callback_info info);
napi_value openPacket(napi_env env, napi_callback_info info);
napi_value openEvent(napi_env env, napi_callback_info info);
napi_value signalEvent(napi_env env, napi_callback_info info);
napi_value closeDescriptor(napi_env env, napi_callback_info info);
napi_value setupRing(napi_env env, napi_callback_info info);
napi_value registerBuffers(napi_env env, napi_callback_info info);
napi_value unregisterBuffers(napi_env env, napi_callback_info info);
napi_value registerFiles(napi_env env, napi_callback_info info);
napi_value updateFile(napi_env env, napi_callback_info info);
napi_value enterRing(napi_env env, napi_callback_info info);
napi_value addressOf(napi_env env, napi_callback_info info);
napi_value adviseHugePages(napi_env env, napi_callback_info info);
napi_value packetDrops(napi_env env, napi_callback_info info);
napi_value readFrames(napi_env env, napi_callback_info info);
napi_value receiveFrames(napi_env env, napi_callback_info info);
napi_value writeFrames(napi_env env, napi_callback_info info);
napi_value waitReadable(napi_env env, napi_callback_info info);
napi_value openDatagrams(napi_env env, napi_callback_info info);
napi_value sendDatagrams(napi_env env, napi_callback_info info);
napi_value receiveDatagrams(napi_env env, napi_callback_info info);
napi_value openStream(napi_env env, napi_callback_info info);
napi_value acceptStream(napi_env env, napi_callback_info info);
napi_value sendStream(napi_env env, napi_callback_info info);
napi_value receiveStream(napi_env env, napi_callback_info info);
napi_value openPings(napi_env env, napi_callback_info info);
napi_value pingOnce(napi_env env, napi_callback_info info);

#endif
