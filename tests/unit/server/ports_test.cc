#include "server/ports.h"

#include <gtest/gtest.h>

#include <set>

namespace latchkey::server {
namespace {

Ports ports_of(std::size_t cores, std::size_t hash_threads) {
  Settings settings;
  settings.cores = cores;
  settings.hash_threads = hash_threads;
  return Ports(settings);
}

TEST(Ports, GiveEachThreadOneOfItsOwnAndLeaveNoneOver) {
  const Ports ports = ports_of(3, 5);
  std::set<runtime::PortId> given = {ports.store(), ports.control()};
  for (std::size_t i = 0; i < ports.cores(); ++i) given.insert(Ports::core(i));
  for (std::size_t i = 0; i < ports.hash_workers(); ++i) given.insert(ports.hash_worker(i));
  for (std::size_t i = 0; i < ports.standbys(); ++i) given.insert(ports.standby(i));
  EXPECT_EQ(given.size(), 3U + 5U + 2U + 2U);
  EXPECT_EQ(ports.count(), given.size());
  EXPECT_EQ(*given.rbegin(), given.size() - 1);
}

TEST(Ports, HaveAHashWorkerForEachCoreUnlessTheSettingsSayOtherwise) {
  EXPECT_EQ(ports_of(3, 0).hash_workers(), 3U);
}

TEST(Ports, HaveACoreAtLeastWhereTheSettingsLeaveItOpen) { EXPECT_GE(ports_of(0, 0).cores(), 1U); }

}  // namespace
}  // namespace latchkey::server
