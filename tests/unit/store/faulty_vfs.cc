#include "faulty_vfs.h"

#include <sqlite3.h>

#include <cstddef>
#include <map>
#include <new>
#include <string_view>

namespace latchkey::store {

namespace {

struct Faults {
  std::string write_suffix;
  int write_status = SQLITE_OK;
  std::string sync_suffix;
  int sync_status = SQLITE_OK;
  std::map<std::string, int> syncs;  // by file name
};

Faults faults;
sqlite3_vfs vfs;

struct File {
  sqlite3_file base;
  std::string name;
  sqlite3_file* real;
};

File& own(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return own(file).real; }

bool matches(const std::string& name, const std::string& suffix) {
  return !suffix.empty() && std::string_view(name).ends_with(suffix);
}

int close_file(sqlite3_file* file) {
  const int status = real(file)->pMethods->xClose(real(file));
  own(file).name.~basic_string();
  return status;
}
int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), data, size, offset);
}
int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (matches(own(file).name, faults.write_suffix)) return faults.write_status;
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  ++faults.syncs[own(file).name];
  if (matches(own(file).name, faults.sync_suffix)) return faults.sync_status;
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int control_file(sqlite3_file* file, int what, void* data) {
  return real(file)->pMethods->xFileControl(real(file), what, data);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int device(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shared_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {
    2,           close_file,     read_file,    write_file,   truncate_file, sync_file, file_size,
    lock_file,   unlock_file,    check_lock,   control_file, sector_size,   device,    map_shared,
    lock_shared, shared_barrier, unmap_shared, nullptr,      nullptr};

sqlite3_vfs* system_vfs() { return static_cast<sqlite3_vfs*>(vfs.pAppData); }

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* const real_file = reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(File));
  const int status = system_vfs()->xOpen(system_vfs(), name, real_file, flags, out_flags);
  file->pMethods = nullptr;
  if (status != SQLITE_OK) return status;
  File& opened = own(file);
  ::new (&opened.name) std::string(name != nullptr ? name : "");
  opened.real = real_file;
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

}  // namespace

FaultyVfs::FaultyVfs() {
  faults = Faults{};
  sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
  vfs = *system;
  vfs.zName = name();
  vfs.pNext = nullptr;
  vfs.pAppData = system;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + system->szOsFile;
  vfs.xOpen = open_file;
  sqlite3_vfs_register(&vfs, 0);
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(&vfs); }

const char* FaultyVfs::name() noexcept { return "latchkey-faulty"; }

void FaultyVfs::fail_writes(std::string suffix, int status) {
  faults.write_suffix = std::move(suffix);
  faults.write_status = status;
}

void FaultyVfs::fail_syncs(std::string suffix, int status) {
  faults.sync_suffix = std::move(suffix);
  faults.sync_status = status;
}

void FaultyVfs::heal() {
  faults.write_suffix.clear();
  faults.sync_suffix.clear();
}

int FaultyVfs::syncs(const std::string& suffix) const {
  int total = 0;
  for (const auto& [name, count] : faults.syncs) total += matches(name, suffix) ? count : 0;
  return total;
}

}  // namespace latchkey::store
