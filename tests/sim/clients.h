// Clients: what people and administrators do, as the API does it for them: each is a coroutine on the core
// that took the request, and tells the model what it was answered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "latchkey/runtime/task.h"
#include "model.h"
#include "process.h"

namespace latchkey::sim {

/// A user as the clients know one.
struct Person {
  std::int64_t id = 0;
  std::string name;
  std::uint64_t passwords = 0;  ///< how many were ever sent to be set: the last one's number
};

/// Where a request is carried out. All outlives it.
struct Place {
  Process& process;
  std::uint32_t core;
  Model& model;
};

/// What stands in the directory as the hash of a password.
std::string password_hash(std::uint64_t number);

/// Logs in (api::Logins::log_in). `password` is the hash of the one that the client has; empty:
/// the client has the right one.
runtime::Task<void> log_in(Place place, std::int64_t user, std::string name, store::BindingHash binding,
                           std::string password);
/// Ends a token (api::Logins::log_out).
runtime::Task<void> log_out(Place place, std::int64_t user, token::Token token, store::BindingHash binding);
/// Ends a session that the user's page lists (api::MyTokenResource).
runtime::Task<void> end_listed(Place place, std::int64_t user);
/// Ends all of a user's tokens.
runtime::Task<void> end_all(Place place, std::int64_t user, store::Death reason);
/// Sets a password, as an administrator does it (api::Admin).
runtime::Task<void> set_password(Place place, std::int64_t user, std::string password);
/// Changes a password, as its user does it: `kept` lives on (api::MyPasswordResource).
runtime::Task<void> change_password(Place place, std::int64_t user, token::Token kept, std::string password);
runtime::Task<void> disable(Place place, std::int64_t user);
runtime::Task<void> enable(Place place, std::int64_t user);

}  // namespace latchkey::sim
