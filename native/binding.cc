// The addon's functions: JavaScript values in, executor calls out. The only file that knows Node-API.
//
// State and Program are opaque objects that own a shared pointer. Everything kept here belongs to one environment (the
// main thread or a worker thread); the executor and its pool belong to the process and outlive environments.
#define NAPI_VERSION 8
#include <node_api.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "executor/executor.h"

namespace glossa {
namespace {

// ---- Values ----------------------------------------------------------------------------------------------------------

// A failed Node-API call: the JavaScript exception it left behind is the message.
struct NodeError : std::runtime_error {
  NodeError() : std::runtime_error("a Node-API call failed") {}
};

void check(napi_status status) {
  if (status != napi_ok) throw NodeError();
}

[[noreturn]] void wrongArgument(const char* name, const char* wanted) {
  throw std::invalid_argument(std::string(name) + " must be " + wanted);
}

double toNumber(napi_env env, napi_value value, const char* name) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) wrongArgument(name, "a number");
  return number;
}

// A whole number in [least, most].
int64_t toInteger(napi_env env, napi_value value, const char* name, int64_t least, int64_t most = int64_t(1) << 53) {
  const double number = toNumber(env, value, name);
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) ||
      number != static_cast<double>(static_cast<int64_t>(number))) {
    throw std::invalid_argument(std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
                                std::to_string(most));
  }
  return static_cast<int64_t>(number);
}

std::string toString(napi_env env, napi_value value, const char* name) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) wrongArgument(name, "a string");
  std::string text(length, '\0');
  check(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length));
  return text;
}

template <class T> struct Span {
  T* data;
  size_t size;
};

template <class T> Span<T> toTypedArray(napi_env env, napi_value value, const char* name, napi_typedarray_type wanted) {
  bool isTyped = false;
  check(napi_is_typedarray(env, value, &isTyped));
  const char* kind = wanted == napi_int32_array ? "an Int32Array" : "a Uint8Array";
  if (!isTyped) wrongArgument(name, kind);
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  check(napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr));
  if (type != wanted) wrongArgument(name, kind);
  return {static_cast<T*>(data), length};
}

Span<uint8_t> toBytes(napi_env env, napi_value value, const char* name) {
  return toTypedArray<uint8_t>(env, value, name, napi_uint8_array);
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  check(napi_get_named_property(env, object, name, &value));
  return value;
}

bool isNullish(napi_env env, napi_value value) {
  napi_valuetype type;
  check(napi_typeof(env, value, &type));
  return type == napi_null || type == napi_undefined;
}

napi_value fromNumber(napi_env env, double number) {
  napi_value value;
  check(napi_create_double(env, number, &value));
  return value;
}

napi_value fromString(napi_env env, const std::string& text) {
  napi_value value;
  check(napi_create_string_utf8(env, text.data(), text.size(), &value));
  return value;
}

napi_value undefined(napi_env env) {
  napi_value value;
  check(napi_get_undefined(env, &value));
  return value;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  check(napi_set_named_property(env, object, name, value));
}

// ---- Opaque objects --------------------------------------------------------------------------------------------------

struct Handle {
  virtual ~Handle() = default;
};

struct StateHandle final : Handle {
  static constexpr napi_type_tag tag = {0x6A1F3C8E52D94B07, 0x9C3E7A5118F2D640};
  static constexpr const char* name = "state";
  std::shared_ptr<State> state;
};

struct ProgramHandle final : Handle {
  static constexpr napi_type_tag tag = {0x2B7D9E4F60A1C835, 0xD15C08B36E9F4A72};
  static constexpr const char* name = "program";
  std::shared_ptr<Program> program;  // null once disposed
  void dispose() {
    if (program == nullptr) return;
    Executor::get().remove(*program);
    program.reset();
  }
  ~ProgramHandle() override { dispose(); }
};

template <class T> napi_value wrap(napi_env env, std::unique_ptr<T> handle) {
  napi_value object;
  check(napi_create_object(env, &object));
  check(napi_type_tag_object(env, object, &T::tag));
  const napi_finalize drop = [](napi_env, void* data, void*) { delete static_cast<Handle*>(data); };
  check(napi_wrap(env, object, static_cast<Handle*>(handle.get()), drop, nullptr, nullptr));
  handle.release();
  return object;
}

template <class T> T& unwrap(napi_env env, napi_value object) {
  bool matches = false;
  napi_valuetype type;
  check(napi_typeof(env, object, &type));
  if (type == napi_object) check(napi_check_object_type_tag(env, object, &T::tag, &matches));
  void* data = nullptr;
  if (!matches || napi_unwrap(env, object, &data) != napi_ok) {
    throw std::invalid_argument(std::string("this is not a ") + T::name);
  }
  return static_cast<T&>(*static_cast<Handle*>(data));
}

// ---- Environments ----------------------------------------------------------------------------------------------------

// A finished run on its way to JavaScript.
struct Delivery {
  int64_t id;
  RunResult result;
};

struct PendingRun {
  std::shared_ptr<Run> run;
  napi_ref callback;
};

// One environment. The tape thread reaches it only through `deliver`, and not any more once `closed`.
struct Environment {
  std::mutex mutex;
  bool closed = false;
  napi_threadsafe_function channel = nullptr;
  // The rest belongs to the JavaScript thread.
  std::unordered_map<int64_t, PendingRun> pending;

  void deliver(int64_t id, RunResult&& result) {
    auto delivery = std::make_unique<Delivery>(Delivery{id, std::move(result)});
    std::lock_guard lock(mutex);
    if (closed) return;
    if (napi_call_threadsafe_function(channel, delivery.get(), napi_tsfn_nonblocking) == napi_ok) delivery.release();
  }
};

std::shared_ptr<Environment>& environmentOf(napi_env env) {
  void* data = nullptr;
  check(napi_get_instance_data(env, &data));
  return *static_cast<std::shared_ptr<Environment>*>(data);
}

napi_value toArrayBuffer(napi_env env, platform::Buffer&& buffer) {
  napi_value value;
  if (buffer.size() == 0) {
    void* data;
    check(napi_create_arraybuffer(env, 0, &data, &value));
    return value;
  }
  // The bytes go over as they are where the runtime allows memory from outside, and as a copy elsewhere.
  auto owner = std::make_unique<platform::Buffer>(std::move(buffer));
  const napi_finalize drop = [](napi_env, void*, void* hint) { delete static_cast<platform::Buffer*>(hint); };
  if (napi_create_external_arraybuffer(env, owner->data(), owner->size(), drop, owner.get(), &value) == napi_ok) {
    owner.release();
    return value;
  }
  void* data;
  check(napi_create_arraybuffer(env, owner->size(), &data, &value));
  std::memcpy(data, owner->data(), owner->size());
  return value;
}

const char* statusName(RunStatus status) {
  switch (status) {
    case RunStatus::done: return "done";
    case RunStatus::cancelled: return "cancelled";
    case RunStatus::notFinite: return "notFinite";
    case RunStatus::failed: return "failed";
  }
  return "failed";
}

napi_value fromResult(napi_env env, RunResult&& result) {
  napi_value object;
  check(napi_create_object(env, &object));
  set(env, object, "status", fromString(env, statusName(result.status)));
  set(env, object, "outputs", toArrayBuffer(env, std::move(result.outputs)));
  napi_value applied;
  check(napi_get_boolean(env, result.applied, &applied));
  set(env, object, "applied", applied);
  if (!result.times.empty()) {
    void* data;
    napi_value buffer, times;
    check(napi_create_arraybuffer(env, result.times.size() * sizeof(double), &data, &buffer));
    std::memcpy(data, result.times.data(), result.times.size() * sizeof(double));
    check(napi_create_typedarray(env, napi_float64_array, result.times.size(), buffer, 0, &times));
    set(env, object, "times", times);
  }
  if (result.instruction >= 0) set(env, object, "instruction", fromNumber(env, static_cast<double>(result.instruction)));
  if (!result.message.empty()) set(env, object, "message", fromString(env, result.message));
  return object;
}

// Runs on the JavaScript thread for every delivery; without `env` when the environment is going away.
void receive(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Delivery> delivery(static_cast<Delivery*>(data));
  if (env == nullptr) return;
  try {
    Environment& environment = *environmentOf(env);
    const auto found = environment.pending.find(delivery->id);
    if (found == environment.pending.end()) return;
    napi_value callback, receiver;
    check(napi_get_reference_value(env, found->second.callback, &callback));
    check(napi_delete_reference(env, found->second.callback));
    environment.pending.erase(found);
    if (environment.pending.empty()) check(napi_unref_threadsafe_function(env, environment.channel));
    napi_value result = fromResult(env, std::move(delivery->result));
    check(napi_get_undefined(env, &receiver));
    if (napi_call_function(env, receiver, callback, 1, &result, nullptr) == napi_pending_exception) {
      napi_value error;
      check(napi_get_and_clear_last_exception(env, &error));
      napi_fatal_exception(env, error);
    }
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
}

void close(void* data) {
  auto* environment = static_cast<std::shared_ptr<Environment>*>(data);
  for (const auto& [id, pending] : (*environment)->pending) pending.run->cancelled.store(true);
  // A run holds its environment to deliver to: without this neither would ever go, nor the states of the run.
  (*environment)->pending.clear();
  std::lock_guard lock((*environment)->mutex);
  (*environment)->closed = true;
}

// ---- Functions -------------------------------------------------------------------------------------------------------

using Arguments = const napi_value*;

std::string kernelFolder() { return platform::ownFolder(); }

void openBestLevel() {
  if (Executor::get().kernels() != nullptr) return;
  const std::vector<std::string> levels = builtLevels(kernelFolder());
  if (levels.empty()) throw std::runtime_error("no kernels were built beside the addon in " + kernelFolder());
  Executor::get().use(openKernels(kernelFolder(), levels.front()));
}

// info(): { levels, level, cores, processor, alignment }; `level` is the open one, else the best.
napi_value info(napi_env env, Arguments) {
  const std::vector<std::string> levels = builtLevels(kernelFolder());
  const KernelTable* open = Executor::get().kernels();
  napi_value object, array;
  check(napi_create_object(env, &object));
  check(napi_create_array_with_length(env, levels.size(), &array));
  for (uint32_t i = 0; i < levels.size(); i++) check(napi_set_element(env, array, i, fromString(env, levels[i])));
  set(env, object, "levels", array);
  set(env, object, "level", fromString(env, open != nullptr ? open->level : levels.empty() ? "" : levels.front()));
  set(env, object, "cores", fromNumber(env, platform::coreCount()));
  set(env, object, "processor", fromString(env, platform::processorName()));
  set(env, object, "alignment", fromNumber(env, platform::alignment));
  return object;
}

// openLevel(level): runs submitted from now on use its kernels.
napi_value openLevel(napi_env env, Arguments arguments) {
  Executor::get().use(openKernels(kernelFolder(), toString(env, arguments[0], "level")));
  return undefined(env);
}

// createState(bytes): State
napi_value createState(napi_env env, Arguments arguments) {
  auto handle = std::make_unique<StateHandle>();
  handle->state = std::make_shared<State>(static_cast<size_t>(toInteger(env, arguments[0], "bytes", 0)));
  return wrap(env, std::move(handle));
}

// writeState(state, byteOffset, Uint8Array)
napi_value writeState(napi_env env, Arguments arguments) {
  const Span<uint8_t> source = toBytes(env, arguments[2], "source");
  const size_t offset = static_cast<size_t>(toInteger(env, arguments[1], "byteOffset", 0));
  unwrap<StateHandle>(env, arguments[0]).state->write(offset, source.data, source.size);
  return undefined(env);
}

// readState(state, byteOffset, Uint8Array target)
napi_value readState(napi_env env, Arguments arguments) {
  const Span<uint8_t> target = toBytes(env, arguments[2], "target");
  const size_t offset = static_cast<size_t>(toInteger(env, arguments[1], "byteOffset", 0));
  unwrap<StateHandle>(env, arguments[0]).state->read(offset, target.data, target.size);
  return undefined(env);
}

// stateVersion(state): number
napi_value stateVersion(napi_env env, Arguments arguments) {
  return fromNumber(env, static_cast<double>(unwrap<StateHandle>(env, arguments[0]).state->version()));
}

// disposeState(state)
napi_value disposeState(napi_env env, Arguments arguments) {
  unwrap<StateHandle>(env, arguments[0]).state->dispose();
  return undefined(env);
}

// createProgram({ tape, constants, states, updatedStates, predicate, arenaBytes, inputBytes, outputBytes,
// commitInstruction }): Program
napi_value createProgram(napi_env env, Arguments arguments) {
  const napi_value object = arguments[0];
  napi_valuetype type;
  check(napi_typeof(env, object, &type));
  if (type != napi_object) wrongArgument("settings", "an object");
  ProgramSettings settings;
  const auto tape = toTypedArray<int32_t>(env, property(env, object, "tape"), "tape", napi_int32_array);
  settings.tape = tape.data;
  settings.tapeWords = tape.size;
  const Span<uint8_t> constants = toBytes(env, property(env, object, "constants"), "constants");
  settings.constants = constants.data;
  settings.constantBytes = constants.size;
  const napi_value states = property(env, object, "states");
  uint32_t stateCount = 0;
  if (napi_get_array_length(env, states, &stateCount) != napi_ok) wrongArgument("states", "an array");
  for (uint32_t i = 0; i < stateCount; i++) {
    napi_value state;
    check(napi_get_element(env, states, i, &state));
    settings.states.push_back(unwrap<StateHandle>(env, state).state);
  }
  const auto updated =
      toTypedArray<int32_t>(env, property(env, object, "updatedStates"), "updatedStates", napi_int32_array);
  settings.updatedStates.assign(updated.data, updated.data + updated.size);
  const napi_value predicate = property(env, object, "predicate");
  if (!isNullish(env, predicate)) {
    napi_value segment, offset;
    check(napi_get_element(env, predicate, 0, &segment));
    check(napi_get_element(env, predicate, 1, &offset));
    settings.predicateSegment = static_cast<int32_t>(toInteger(env, segment, "predicate segment", 0, INT32_MAX));
    settings.predicateOffset = static_cast<uint64_t>(toInteger(env, offset, "predicate offset", 0));
  }
  const auto bytes = [&](const char* name) {
    return static_cast<uint64_t>(toInteger(env, property(env, object, name), name, 0));
  };
  settings.arenaBytes = bytes("arenaBytes");
  settings.inputBytes = bytes("inputBytes");
  settings.outputBytes = bytes("outputBytes");
  settings.commitInstruction = toInteger(env, property(env, object, "commitInstruction"), "commitInstruction", -1);
  auto handle = std::make_unique<ProgramHandle>();
  auto program = std::make_shared<Program>(settings);
  Executor::get().add(*program);
  handle->program = std::move(program);
  return wrap(env, std::move(handle));
}

// disposeProgram(program)
napi_value disposeProgram(napi_env env, Arguments arguments) {
  unwrap<ProgramHandle>(env, arguments[0]).dispose();
  return undefined(env);
}

// run(program, inputs, rows, threads, flags, callback): run id
napi_value run(napi_env env, Arguments arguments) {
  constexpr int64_t times = 1;
  constexpr int64_t finite = 2;
  constexpr int64_t margins = 4;
  static std::atomic<int64_t> lastId{0};
  const ProgramHandle& handle = unwrap<ProgramHandle>(env, arguments[0]);
  if (handle.program == nullptr) throw std::logic_error("the program is disposed");
  const Span<uint8_t> inputs = toBytes(env, arguments[1], "inputs");
  if (inputs.size > handle.program->inputBytes) {
    throw std::out_of_range("the program takes " + std::to_string(handle.program->inputBytes) + " input bytes, came " +
                            std::to_string(inputs.size));
  }
  const int64_t flags = toInteger(env, arguments[4], "flags", 0, times | finite | margins);
  napi_valuetype type;
  check(napi_typeof(env, arguments[5], &type));
  if (type != napi_function) wrongArgument("callback", "a function");

  auto run = std::make_shared<Run>();
  run->program = handle.program;
  run->rows = toInteger(env, arguments[2], "rows", 0, INT32_MAX);
  run->threads = static_cast<int>(toInteger(env, arguments[3], "threads", 1, maxThreads));
  run->wantsTimes = (flags & times) != 0;
  run->checksFinite = (flags & finite) != 0;
  run->checksMargins = (flags & margins) != 0;
  run->inputs = platform::Buffer(handle.program->inputBytes);
  if (inputs.size > 0) std::memcpy(run->inputs.data(), inputs.data, inputs.size);
  if (run->inputs.size() > inputs.size) {
    std::memset(run->inputs.data() + inputs.size, 0, run->inputs.size() - inputs.size);
  }
  openBestLevel();

  const std::shared_ptr<Environment> environment = environmentOf(env);
  const int64_t id = ++lastId;
  run->finished = [environment, id](RunResult&& result) { environment->deliver(id, std::move(result)); };
  napi_ref callback;
  check(napi_create_reference(env, arguments[5], 1, &callback));
  environment->pending.emplace(id, PendingRun{run, callback});
  try {
    Executor::get().submit(run);
  } catch (...) {
    environment->pending.erase(id);
    napi_delete_reference(env, callback);
    throw;
  }
  if (environment->pending.size() == 1) check(napi_ref_threadsafe_function(env, environment->channel));
  return fromNumber(env, static_cast<double>(id));
}

// cancel(runId): true when the run was still to be cancelled. It ends with status "cancelled", or "done" when it had
// begun to update states.
napi_value cancel(napi_env env, Arguments arguments) {
  Environment& environment = *environmentOf(env);
  const auto found = environment.pending.find(toInteger(env, arguments[0], "runId", 0));
  const bool known = found != environment.pending.end();
  if (known) found->second.run->cancelled.store(true);
  napi_value value;
  check(napi_get_boolean(env, known, &value));
  return value;
}

// memory(): { stateBytes, arenaBytes, constantBytes } of the whole process
napi_value memory(napi_env env, Arguments) {
  napi_value object;
  check(napi_create_object(env, &object));
  set(env, object, "stateBytes", fromNumber(env, static_cast<double>(memoryCount().states.load())));
  set(env, object, "arenaBytes", fromNumber(env, static_cast<double>(memoryCount().arena.load())));
  set(env, object, "constantBytes", fromNumber(env, static_cast<double>(memoryCount().constants.load())));
  return object;
}

// measureMemoryBandwidth(threads, bytes): bytes read a second
napi_value measureMemoryBandwidth(napi_env env, Arguments arguments) {
  const int threads = static_cast<int>(toInteger(env, arguments[0], "threads", 1, maxThreads));
  const size_t bytes = static_cast<size_t>(toInteger(env, arguments[1], "bytes", 1));
  return fromNumber(env, Executor::get().measureReadBandwidth(threads, bytes));
}

// ---- The module ------------------------------------------------------------------------------------------------------

using Function = napi_value (*)(napi_env, Arguments);

// Adapts a function above to Node-API: fetches arguments, turns C++ exceptions into JavaScript errors.
template <Function function, size_t arity> napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[arity + 1];
  size_t count = arity;
  try {
    check(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
    return function(env, arguments);
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_GLOSSA_MEMORY", "not enough memory");
  } catch (const std::exception& error) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, "ERR_GLOSSA_NATIVE", error.what());
  }
  return nullptr;
}

template <Function function, size_t arity> void add(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, call<function, arity>, nullptr, &value));
  set(env, exports, name, value);
}

napi_value initialize(napi_env env, napi_value exports) {
  try {
    platform::keepLoaded();
    auto owner = std::make_unique<std::shared_ptr<Environment>>(std::make_shared<Environment>());
    Environment& environment = **owner;
    check(napi_create_threadsafe_function(env, nullptr, nullptr, fromString(env, "glossa"), 0, 1, nullptr, nullptr,
                                          nullptr, receive, &environment.channel));
    check(napi_unref_threadsafe_function(env, environment.channel));
    // Cleanup hooks run last in, first out: this one closes the environment before Node tears the channel down.
    check(napi_add_env_cleanup_hook(env, close, owner.get()));
    const napi_finalize drop = [](napi_env, void* data, void*) {
      delete static_cast<std::shared_ptr<Environment>*>(data);
    };
    check(napi_set_instance_data(env, owner.get(), drop, nullptr));
    owner.release();

    add<info, 0>(env, exports, "info");
    add<openLevel, 1>(env, exports, "openLevel");
    add<createState, 1>(env, exports, "createState");
    add<writeState, 3>(env, exports, "writeState");
    add<readState, 3>(env, exports, "readState");
    add<stateVersion, 1>(env, exports, "stateVersion");
    add<disposeState, 1>(env, exports, "disposeState");
    add<createProgram, 1>(env, exports, "createProgram");
    add<disposeProgram, 1>(env, exports, "disposeProgram");
    add<run, 6>(env, exports, "run");
    add<cancel, 1>(env, exports, "cancel");
    add<memory, 0>(env, exports, "memory");
    add<measureMemoryBandwidth, 2>(env, exports, "measureMemoryBandwidth");
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_GLOSSA_NATIVE", error.what());
  }
  return exports;
}

}  // namespace
}  // namespace glossa

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) { return glossa::initialize(env, exports); }
