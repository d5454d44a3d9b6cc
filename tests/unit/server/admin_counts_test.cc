#include "server/admin_counts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace latchkey::server {
namespace {

std::size_t number_of(std::string_view name) {
  const auto actions = AdminCounts::actions();
  const auto found = std::find_if(actions.begin(), actions.end(),
                                  [name](const auto& action) { return action.name == name; });
  EXPECT_NE(found, actions.end()) << name;
  return static_cast<std::size_t>(found - actions.begin());
}

TEST(AdminCounts, KnowWhatWasAskedByMethodAndPathAndWhatBecameOfItByStatus) {
  AdminCounts counts;
  counts.count("POST", "/users", 201);
  counts.count("GET", "/users?after=bob", 200);
  counts.count("POST", "/users/bob/password", 400);
  counts.count("POST", "/users/password/disable", 503);
  counts.count("DELETE", "/users/bob", 200);
  counts.count("DELETE", "/tokens/bob", 200);
  counts.count("POST", "/users/bob/fly", 404);
  EXPECT_EQ(counts.value(number_of("user_add"), 0), 1U);
  EXPECT_EQ(counts.value(number_of("user_list"), 0), 1U);
  EXPECT_EQ(counts.value(number_of("user_password"), 1), 1U);
  EXPECT_EQ(counts.value(number_of("user_disable"), 2), 1U);
  EXPECT_EQ(counts.value(number_of("user_delete"), 0), 1U);
  EXPECT_EQ(counts.value(number_of("token_revoke"), 0), 1U);
  EXPECT_EQ(counts.value(number_of("other"), 1), 1U);
  EXPECT_EQ(counts.value(number_of("user_enable"), 0), 0U);
}

}  // namespace
}  // namespace latchkey::server
