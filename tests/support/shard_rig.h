// ShardRig: what the shards of one process share. Tests and benchmarks make shards only here. A test or a
// measuring program owns it.
// Lifetime: outlives the shards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/store/session.h"
#include "latchkey/store/store.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"

namespace latchkey::test {

/// Things that the shards share but that are owned elsewhere.
/// Lifetime: everything here outlives the rig.
struct ShardRigParts {
  const Clock& clock;
  Random& random;
  const token::Keyring& keyring;
  Log& log;
};

struct ShardRigSettings {
  std::uint32_t shards = 1;
  runtime::CoreId cores = 1;  ///< all that read the shards' tables, the shards' own included
  runtime::PageSource::Mode pages = runtime::PageSource::Mode::kInPlace;
};

struct ShardRig {
  explicit ShardRig(const ShardRigParts& with, const ShardRigSettings& wanted = {})
      : parts(with),
        settings(wanted),
        table_clock(with.clock),
        pages(wanted.shards, wanted.pages),
        quiescence(wanted.cores) {}
  ShardRig(const ShardRig&) = delete;
  ShardRig& operator=(const ShardRig&) = delete;

  /// Makes the shard of this number, which is also its core's.
  /// Lifetime: `store` and `login_check` outlive it.
  Result<std::unique_ptr<token::Shard>> make_shard(store::Store& store, token::LoginCheck& login_check,
                                                   const token::ShardSettings& shard_settings,
                                                   std::uint32_t number = 0) {
    return token::Shard::create({.core = number,
                                 .shards = settings.shards,
                                 .clock = table_clock,
                                 .random = parts.random,
                                 .keyring = parts.keyring,
                                 .store = store,
                                 .login_check = login_check,
                                 .quiescence = quiescence,
                                 .pages = pages.client(number),
                                 .log = parts.log},
                                shard_settings);
  }

  const ShardRigParts parts;
  const ShardRigSettings settings;
  const token::TableClock table_clock;
  runtime::PageSource pages;
  runtime::Quiescence quiescence;
};

/// Keys with a root that is the same in every run.
inline token::KeyFile test_key_file(std::uint8_t signing = 1) {
  token::KeyFile file;
  std::fill(file.root.bytes().begin(), file.root.bytes().end(), std::uint8_t{0x5A});
  file.signing = signing;
  return file;
}

/// The binding of the client with this number.
inline store::BindingHash binding(std::uint32_t number) {
  store::BindingHash hash{};
  for (std::size_t i = 0; i < sizeof number; ++i) hash[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return hash;
}

}  // namespace latchkey::test
