// What libsodium's Argon2id does by itself: threads verify one stored hash without end, and do nothing else.
// Logins per second are measured against this.
#include <fmt/format.h>
#include <sodium.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "latchkey/credential/hash_scheme.h"
#include "rig/count.h"

namespace {

constexpr std::size_t kMostThreads = 256;
constexpr std::size_t kMostSeconds = 3600;
constexpr std::string_view kPassword = "a long enough password";

}  // namespace

int main(int argc, char** argv) {
  using latchkey::bench::read_count;
  std::size_t threads = 0;
  std::size_t seconds = 0;
  if (argc != 3 || !read_count(argv[1], threads) || !read_count(argv[2], seconds) || threads > kMostThreads ||
      seconds > kMostSeconds) {
    fmt::print(stderr, "usage: hash_rate THREADS SECONDS\n");
    return 2;
  }
  // libsodium chooses its instructions here; without this call the plain ones would be measured.
  if (sodium_init() < 0) return 1;
  const auto stored = latchkey::credential::make_hash(kPassword, latchkey::credential::HashSettings{});
  if (!stored) {
    fmt::print(stderr, "hash_rate: {}\n", stored.error().text);
    return 1;
  }
  std::atomic<bool> ends{false};
  std::atomic<std::uint64_t> hashes{0};
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      while (!ends.load(std::memory_order_relaxed)) {
        if (latchkey::credential::verify_password(kPassword, *stored).value_or(false)) ++hashes;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  ends = true;
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{:.3f}\n", static_cast<double>(hashes.load()) / took.count());
  return 0;
}
