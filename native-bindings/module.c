/* The addon: its calls by name, and what they all want of Node-API (node.h). */
#include "node.h"

#include <sys/mman.h>

struct call callOf(napi_env env, napi_callback_info info) {
  struct call call = {.env = env};
  size_t count = MOST_ARGUMENTS;
  napi_get_cb_info(env, info, &count, call.arguments, NULL, NULL);
  return call;
}

int32_t integer(struct call *call, int number) {
  int32_t value = 0;
  napi_get_value_int32(call->env, call->arguments[number], &value);
  return value;
}

bool flag(struct call *call, int number) {
  bool value = false;
  napi_get_value_bool(call->env, call->arguments[number], &value);
  return value;
}

bool text(struct call *call, int number, char *to, size_t room) {
  size_t length = 0;
  to[0] = 0;
  return napi_get_value_string_utf8(call->env, call->arguments[number], to, room, &length) == napi_ok;
}

void *memory(struct call *call, int number, size_t *bytes) {
  napi_typedarray_type type;
  size_t length = 0, offset;
  void *data = NULL;
  napi_value buffer;
  napi_get_typedarray_info(call->env, call->arguments[number], &type, &length, &data, &buffer, &offset);
  if (bytes) *bytes = type == napi_int32_array ? length * 4 : length;
  return data;
}

napi_value numberOf(napi_env env, int64_t number) {
  napi_value value;
  napi_create_int64(env, number, &value);
  return value;
}

napi_value undefined(napi_env env) {
  napi_value value;
  napi_get_undefined(env, &value);
  return value;
}

void setNumber(napi_env env, napi_value object, const char *name, int64_t number) {
  napi_set_named_property(env, object, name, numberOf(env, number));
}

static void unmap(napi_env env, void *at, void *bytes) {
  (void)env;
  munmap(at, (size_t)bytes);
}

napi_value mapped(napi_env env, void *at, size_t bytes) {
  napi_value buffer;
  napi_create_external_arraybuffer(env, at, bytes, unmap, (void *)bytes, &buffer);
  return buffer;
}

static napi_value stringOf(napi_env env, const char *from) {
  napi_value value;
  napi_create_string_utf8(env, from, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value failed(napi_env env, const char *operation, const char *device) {
  char message[PATH_BYTES + 256];
  const char *code = strerrorname_np(errno);
  snprintf(message, sizeof message, "%s %s: %s: %s", operation, device, code, strerrordesc_np(errno));
  napi_value error;
  napi_create_error(env, stringOf(env, code), stringOf(env, message), &error);
  napi_set_named_property(env, error, "syscall", stringOf(env, operation));
  napi_throw(env, error);
  return NULL;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } calls[] = {
    {"openTap", openTap},
    {"configureLink", configureLink},
    {"openPacket", openPacket},
    {"openEvent", openEvent},
    {"signalEvent", signalEvent},
    {"closeDescriptor", closeDescriptor},
    {"setupRing", setupRing},
    {"registerBuffers", registerBuffers},
    {"unregisterBuffers", unregisterBuffers},
    {"registerFiles", registerFiles},
    {"updateFile", updateFile},
    {"enterRing", enterRing},
    {"addressOf", addressOf},
    {"adviseHugePages", adviseHugePages},
    {"packetDrops", packetDrops},
    {"readFrames", readFrames},
    {"receiveFrames", receiveFrames},
    {"writeFrames", writeFrames},
    {"waitReadable", waitReadable},
    {"openDatagrams", openDatagrams},
    {"sendDatagrams", sendDatagrams},
    {"receiveDatagrams", receiveDatagrams},
    {"openStream", openStream},
    {"acceptStream", acceptStream},
    {"sendStream", sendStream},
    {"receiveStream", receiveStream},
    {"openPings", openPings},
    {"pingOnce", pingOnce},
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    napi_value function;
    napi_create_function(env, calls[i].name, NAPI_AUTO_LENGTH, calls[i].call, NULL, &function);
    napi_set_named_property(env, exports, calls[i].name, function);
  }
  return exports;
}
