#include "crash/crash_run.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace latchkey::test {

namespace {

ServerOptions server_options(const CrashRunOptions& options) {
  ServerOptions server;
  server.cores = 2;
  server.flags = {"--token-timeout", std::to_string(options.timeout_s) + "s", "--drain-timeout", "1s"};
  return server;
}

}  // namespace

CrashRun::CrashRun(const CrashRunOptions& options)
    : random_(options.seed), victim_(directory_ / "data", server_options(options), options.environment) {
  for (std::size_t i = 0; i < kHolders; ++i) {
    holders_.emplace_back("user" + std::to_string(i), options.timeout_s * 1000, random_());
  }
}

void CrashRun::begin() {
  victim_.start();
  add_user(directory_ / "data", kUser, kPassword);
  for (const Holder& holder : holders_) add_user(directory_ / "data", holder.name(), holder.password());
}

void CrashRun::verify(bool all) {
  at_once(kHolders, [&](std::size_t i) { holders_[i].verify(victim_.port(), all); });
}

Ended CrashRun::work(const std::function<void(Shift&)>& disturb) {
  Shift shift;
  shift.port = victim_.port();
  std::thread disturber([&] { disturb(shift); });
  at_once(kHolders, [&](std::size_t i) { holders_[i].work(shift); });
  disturber.join();
  return wait();
}

void CrashRun::work_on(int answers, Shift& shift) {
  shift.port = victim_.port();
  shift.most_answers = answers;
  at_once(kHolders, [&](std::size_t i) { holders_[i].work(shift); });
}

Ended CrashRun::wait() {
  const int status = victim_.wait();
  return {status, now_ms()};
}

DiskImage CrashRun::settle(const Ended& ended) {
  DiskImage image = read_disk_image(directory_ / "data", directory_ / "copy.db");
  EXPECT_TRUE(image.damages.empty()) << image.damages.front();
  for (Holder& holder : holders_) holder.settle(image, ended.at_ms);
  return image;
}

std::int64_t CrashRun::uses_taken_back() {
  std::int64_t sum = 0;
  for (Holder& holder : holders_) sum += holder.ledger().uses_taken_back();
  return sum;
}

}  // namespace latchkey::test
