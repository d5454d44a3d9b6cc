// `latchkey key renew`: replaces the key file if it is lost, or known to others. Works on the files, while no
// server runs.
#pragma once

#include "backend.h"
#include "latchkey/base/result.h"
#include "latchkey/token/key_renewal.h"

namespace latchkey::command {

/// Renews the key at `options.key_file`.
Result<token::KeyRenewal> renew_key(const BackendOptions& options);

/// What was done, and what remains to be done about it: for people, and as JSON.
std::string renewal_text(const token::KeyRenewal& done, const BackendOptions& options);
std::string renewal_json(const token::KeyRenewal& done, const BackendOptions& options);

}  // namespace latchkey::command
