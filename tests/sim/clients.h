// Clients: what people and administrators do. Each is a coroutine on the core that took the request. It does
// what the API does for them, and tells the model what it was answered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "latchkey/runtime/task.h"
#include "model.h"
#include "process.h"

namespace latchkey::sim {

/// A user as the clients know them.
struct Person {
  std::int64_t id = 0;
  std::string name;
  std::uint64_t passwords = 0;  ///< how many were ever sent: the number of the last one
  std::uint64_t emails = 0;     ///< likewise
};

/// Where a request is carried out. Lifetime: everything here outlives the request.
struct Place {
  Process& process;
  std::uint32_t core;
  Model& model;
};

/// What the directory stores as the hash of a password.
std::string password_hash(std::uint64_t number);

/// Logs in (api::Logins::log_in). `password` is the hash of the password that the client sends; empty means
/// the right one.
runtime::Task<void> log_in(Place place, std::int64_t user, std::string name, store::BindingHash binding,
                           std::string password);
/// Ends a token (api::Logins::log_out).
runtime::Task<void> log_out(Place place, std::int64_t user, token::Token token, store::BindingHash binding);
/// Ends a session that the user's page lists (api::MyTokenResource).
runtime::Task<void> end_listed(Place place, std::int64_t user);
/// Ends all of a user's tokens.
runtime::Task<void> end_all(Place place, std::int64_t user, store::Death reason);
/// Sets a password, as an administrator does (api::Admin).
runtime::Task<void> set_password(Place place, std::int64_t user, std::string password);
/// Changes a password, as its user does: `kept` stays valid (api::MyPasswordResource).
runtime::Task<void> change_password(Place place, std::int64_t user, token::Token kept, std::string password);
/// Changes the user's profile, to this e-mail address (api::Admin::change_details). Empty: to none.
runtime::Task<void> change_profile(Place place, std::int64_t user, std::string email);
runtime::Task<void> disable(Place place, std::int64_t user);
runtime::Task<void> enable(Place place, std::int64_t user);

}  // namespace latchkey::sim
