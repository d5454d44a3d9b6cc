#include "disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace latchkey::sim {

namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
// The unit that a disk writes whole.
constexpr std::size_t kSectorBytes = 512;

using Bytes = std::vector<std::uint8_t>;

struct Range {
  std::size_t from;
  std::size_t bytes;
};

struct Content {
  Bytes written;
  Bytes synced;
  std::vector<Range> unsynced;
};

struct State {
  Dice* dice = nullptr;
  std::map<std::string, Content> files;
  std::map<std::string, std::vector<std::unique_ptr<Bytes>>> shared;  // the log's index, by the file's name
  bool full = false;
  bool sync_fails = false;
  std::uint64_t operations_left = kNever;
  std::uint64_t refusals = 0;
};

State disk;
sqlite3_vfs vfs;

struct File {
  sqlite3_file base;
  std::string* name;
  Content* content;
};

File& own(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
Content& content(sqlite3_file* file) { return *own(file).content; }

/// Whether one more write or sync reaches the disk.
bool reaches() {
  if (disk.operations_left == kNever) return true;
  if (disk.operations_left == 0) return false;
  --disk.operations_left;
  return true;
}

int refused(int status) {
  ++disk.refusals;
  return status;
}

int close_file(sqlite3_file* file) {
  delete own(file).name;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  const Bytes& bytes = content(file).written;
  const auto from = std::min(static_cast<std::size_t>(offset), bytes.size());
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t there = std::min(wanted, bytes.size() - from);
  if (there > 0) std::memcpy(data, bytes.data() + from, there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<std::uint8_t*>(data) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (disk.full) return refused(SQLITE_FULL);
  if (!reaches()) return refused(SQLITE_IOERR_WRITE);
  Content& target = content(file);
  const Range range{static_cast<std::size_t>(offset), static_cast<std::size_t>(size)};
  if (target.written.size() < range.from + range.bytes) target.written.resize(range.from + range.bytes);
  std::memcpy(target.written.data() + range.from, data, range.bytes);
  target.unsynced.push_back(range);
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (!reaches()) return refused(SQLITE_IOERR_TRUNCATE);
  content(file).written.resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

void copy_range(const Content& source, Range range, Bytes& target) {
  if (range.bytes == 0 || range.from >= source.written.size()) return;
  const std::size_t bytes = std::min(range.bytes, source.written.size() - range.from);
  if (target.size() < range.from + bytes) target.resize(range.from + bytes);
  std::memcpy(target.data() + range.from, source.written.data() + range.from, bytes);
}

int sync_file(sqlite3_file* file, int) {
  if (!reaches()) return refused(SQLITE_IOERR_FSYNC);
  if (disk.sync_fails) {
    disk.sync_fails = false;
    return refused(SQLITE_IOERR_FSYNC);
  }
  Content& target = content(file);
  for (const Range range : target.unsynced) copy_range(target, range, target.synced);
  target.synced.resize(target.written.size());
  target.unsynced.clear();
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(content(file).written.size());
  return SQLITE_OK;
}

// There is one connection at a time, so nobody has to be locked out.
int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_lock(sqlite3_file*, int* out) {
  *out = 0;
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return static_cast<int>(kSectorBytes); }
// A write leaves the bytes beside it alone. SQLite assumes this of every disk.
int device(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  auto& pages = disk.shared[*own(file).name];
  const auto index = static_cast<std::size_t>(page);
  while (pages.size() <= index) {
    if (extend == 0) {
      *out = nullptr;
      return SQLITE_OK;
    }
    pages.push_back(std::make_unique<Bytes>(static_cast<std::size_t>(size)));
  }
  *out = pages[index]->data();
  return SQLITE_OK;
}
int lock_shared(sqlite3_file*, int, int, int) { return SQLITE_OK; }
void shared_barrier(sqlite3_file*) {}
int unmap_shared(sqlite3_file* file, int remove) {
  if (remove != 0) disk.shared.erase(*own(file).name);
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {
    2,           close_file,     read_file,    write_file,   truncate_file, sync_file, file_size,
    lock_file,   lock_file,      check_lock,   control_file, sector_size,   device,    map_shared,
    lock_shared, shared_barrier, unmap_shared, nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File& opened = own(file);
  opened.base.pMethods = &kMethods;
  opened.name = new std::string(name != nullptr ? name : "");
  opened.content = &disk.files[*opened.name];
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int) {
  if (!reaches()) return refused(SQLITE_IOERR_DELETE);
  disk.files.erase(name);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs*, const char* name, int, int* out) {
  const auto found = disk.files.find(name);
  *out = found != disk.files.end() && !found->second.written.empty() ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

// SQLite's own randomness must come from the seed too.
int randomness(sqlite3_vfs*, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(disk.dice->next() >> 32);
  return size;
}
int sleep_for(sqlite3_vfs*, int microseconds) { return microseconds; }
int current_time(sqlite3_vfs*, double* out) {
  *out = 2'460'000.5;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

void lose_unsynced(Content& file) {
  Bytes survived = file.synced;
  for (Range range : file.unsynced) {
    switch (disk.dice->below(3)) {
      case 0:
        break;
      case 1:
        copy_range(file, range, survived);
        break;
      default:
        range.bytes = std::min(range.bytes, disk.dice->below(range.bytes / kSectorBytes + 1) * kSectorBytes);
        copy_range(file, range, survived);
        break;
    }
  }
  // The file's length is written with the rest, and is as uncertain.
  if (file.written.size() < survived.size() && disk.dice->once_in(2)) survived.resize(file.written.size());
  file.written = survived;
  file.synced = std::move(survived);
  file.unsynced.clear();
}

}  // namespace

Disk::Disk(Dice& dice) {
  disk = State{};
  disk.dice = &dice;
  vfs = sqlite3_vfs{};
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(File));
  vfs.mxPathname = 512;
  vfs.zName = name();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep_for;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  sqlite3_vfs_register(&vfs, 0);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(&vfs);
  disk = State{};
}

const char* Disk::name() noexcept { return "latchkey-simulated"; }
void Disk::set_full(bool full) noexcept { disk.full = full; }
void Disk::fail_next_sync() noexcept { disk.sync_fails = true; }
void Disk::stop_after(std::uint64_t operations) noexcept {
  disk.operations_left = std::min(disk.operations_left, operations);
}
bool Disk::has_stopped() const noexcept { return disk.operations_left == 0; }
std::uint64_t Disk::refusals() const noexcept { return disk.refusals; }

void Disk::end_process() noexcept { disk.shared.clear(); }

void Disk::lose_power() {
  for (auto& [name, file] : disk.files) lose_unsynced(file);
}

void Disk::restart() noexcept {
  disk.full = false;
  disk.sync_fails = false;
  disk.operations_left = kNever;
}

}  // namespace latchkey::sim
