// Sends each case to the API of one core and prints the outcome, one line per case. `run` starts it under
// valgrind, whose log has the instructions of each case by its number. The first case is the measure for the
// others. With an argument, only those whose name contains it are sent as well, for example to examine one
// with callgrind.
#include <sodium.h>

#include <cstdio>
#include <string>
#include <vector>

#include "cases.h"
#include "core_rig.h"

namespace {

latchkey::api::ApiSettings settings_behind_proxy() {
  latchkey::api::ApiSettings settings = latchkey::bench::rig_api_settings();
  settings.trusted_proxies.push_back(*latchkey::net::Network::parse("127.0.0.0/8"));
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace latchkey::cost;
  if (sodium_init() < 0) return 1;
  CostRig rig(latchkey::bench::rig_api_settings());
  CostRig proxied(settings_behind_proxy());
  std::vector<Case> cases = cases_of(rig.api().routes());
  cases.insert(cases.begin(), refused_check());
  bool good = true;
  for (std::size_t number = 0; number < cases.size(); ++number) {
    const Case& one = cases[number];
    if (number > 0 && argc > 1 && one.name.find(argv[1]) == std::string::npos) continue;
    CostRig& core = one.behind_proxy ? proxied : rig;
    // The first use creates things that nobody can ask for again.
    core.exchange(one.bytes);
    const Outcome outcome = core.exchange(one.bytes, std::to_string(number));
    if (outcome.goes_on || (outcome.status == 0 && !one.may_be_unanswered)) {
      std::fprintf(stderr, "%s: it was not answered\n", one.name.c_str());
      good = false;
    }
    std::printf("%zu\t%zu\t%d\t%zu\t%s\n", number, one.bytes.size(), outcome.status, outcome.answer_bytes,
                one.name.c_str());
  }
  return good ? 0 : 1;
}
