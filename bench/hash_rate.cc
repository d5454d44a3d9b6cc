// What libsodium's Argon2id does by itself: threads that verify one stored hash without end, and nothing
// beside. What logins a second are measured against.
#include <fmt/format.h>
#include <sodium.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "latchkey/credential/hash_scheme.h"

namespace {

constexpr unsigned kMostThreads = 256;
constexpr unsigned kMostSeconds = 3600;
constexpr std::string_view kPassword = "a long enough password";

bool read_number(std::string_view text, unsigned most, unsigned& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 && number <= most;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned threads = 0;
  unsigned seconds = 0;
  if (argc != 3 || !read_number(argv[1], kMostThreads, threads) ||
      !read_number(argv[2], kMostSeconds, seconds)) {
    fmt::print(stderr, "usage: hash_rate THREADS SECONDS\n");
    return 2;
  }
  // It picks the instructions by the processor: without it the plain ones would be measured.
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
  for (unsigned i = 0; i < threads; ++i) {
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
