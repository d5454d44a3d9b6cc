// The questions of proxies: whether a request may pass (S-8). One resource for each family of proxies, which
// takes any method and any path below its own; on a verify listener it is all there is. Without a site a
// token that admits is enough (C-36). With sites the host decides who may enter (S-9). `/auth/verify` is the
// hottest path of all.
// Thread: its core's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/account_pages.h"
#include "api/original_request.h"
#include "api/request_context.h"
#include "api/resource.h"
#include "latchkey/api/services.h"
#include "latchkey/api/sites.h"
#include "latchkey/token/profile.h"
#include "latchkey/token/registry.h"

namespace latchkey::api {

class VerifyResource final : public Resource {
 public:
  /// `path` is the resource's own, without a slash at its end.
  /// Requires: a family.
  /// Lifetime: services and pages outlive the resource.
  VerifyResource(Services& services, const AccountPages& pages, http::ProxyFamily family,
                 std::string_view path);

  bool answer_now(RequestContext& request) override;
  runtime::Task<void> answer(RequestContext& request) override;

 private:
  /// What is asked: about which request, of which site. Without a site nobody is sent anywhere, and everybody
  /// who is signed in is admitted.
  struct Question {
    std::optional<OriginalRequest> about;
    const Site* site = nullptr;
  };
  /// Whom an admission names. All texts are encoded for a header.
  struct Identity {
    std::string_view user;
    std::int64_t user_id = 0;
    const token::Profile* profile = nullptr;  ///< null for a user without groups and details
  };

  [[gnu::noinline]] Question question_of(const RequestContext& request) const noexcept;
  /// Answers what needs no credentials: the question about an unknown host, a public path, a preflight.
  [[gnu::noinline]] bool answer_without_credentials(const Question& question, RequestContext& request);
  void answer_with_token(const Presented& shown, const Question& question, RequestContext& request);

  void admit(const Identity& identity, RequestContext& request) const;
  void count(CheckResult result, RequestContext& request, std::int64_t user_id = 0) const noexcept {
    services_.metrics.checks[result].add();
    request.note(kCheckResultNames[static_cast<std::size_t>(result)], user_id);
  }
  [[gnu::noinline]] static CheckResult result_of(const token::Admission& admission,
                                                 const Presented& shown) noexcept;
  void admit_anonymous(RequestContext& request) const;
  [[gnu::noinline]] void refuse(Refusal refusal, const Question& question, RequestContext& request) const;
  /// Shows the page of no entry to a person at a browser, to whom the proxy hands the answer on. Returns
  /// false and writes nothing if nobody would see it.
  [[gnu::cold]] bool show_forbidden(const Question& question, RequestContext& request) const;
  [[gnu::cold]] void refuse_unknown_host(const Question& question, RequestContext& request) const;

  Services& services_;
  const AccountPages& pages_;
  const http::ProxyFamily family_;
  const std::string path_;
  // Answers up to their first variable part.
  std::string anonymous_head_;
  std::string plain_head_;     ///< for a user without groups and details
  std::string plain_middle_;   ///< between that user's two names
  std::string detailed_head_;  ///< for any other
};

}  // namespace latchkey::api
