// latchkeyd: reads its settings, and serves.
#include <unistd.h>

#include <iostream>
#include <optional>

#include "latchkey/server/server.h"
#include "latchkey/server/settings.h"

int main(int argument_count, char** arguments) {
  using namespace latchkey::server;
  const LoadedSettings loaded = load_settings(argument_count, arguments, to_environment(environ));
  const std::optional<int> status = answer_without_serving(loaded, std::cout, std::cerr);
  if (status) return *status;
  const latchkey::Result<void> served = serve(loaded.settings);
  if (served) return kExitDone;
  std::cerr << "latchkeyd: " << served.error().text << '\n';
  return kExitRefused;
}
