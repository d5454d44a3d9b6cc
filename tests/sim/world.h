// World: a machine, its disk and its clock, the server that is started on it again and again, and the people
// who use it. Chance alone decides what comes next. The model judges after every step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients.h"
#include "dice.h"
#include "disk.h"
#include "latchkey/base/clock.h"
#include "latchkey/token/keyring.h"
#include "model.h"
#include "plan.h"
#include "process.h"

namespace latchkey::sim {

/// What the worlds went through, for the line at the end that shows that the run was worth its time.
struct Tally {
  std::uint64_t checks = 0;
  std::uint64_t admitted = 0;
  std::uint64_t requests = 0;
  std::uint64_t logins = 0;
  std::uint64_t crashes = 0;
  std::uint64_t stops = 0;
  std::uint64_t cut_off_starts = 0;
  std::uint64_t wall_jumps = 0;
  std::uint64_t worlds = 0;
};

class World {
 public:
  /// `path` is where the database file would be. Only an empty file is written there.
  World(std::uint64_t seed, std::string path, Tally& tally);

  /// Makes this many steps, then checks all that must be true at the end.
  void run(std::uint64_t steps);

 private:
  // Steps (world.cc).
  void make_users();
  void step();
  void turn_core(std::uint32_t core);
  void look(std::uint32_t core);
  void request(std::uint32_t core);
  runtime::Task<void> next_request(const Place& place);
  void ring();
  void turn_others();
  void move_clock();
  void set_wall();
  void trouble_disk();
  void look_at_counts();

  // Steps that take many passes at once (world_ends.cc).
  bool start();
  bool try_start();
  void crash(const char* why);
  void stop();
  void settle();
  bool settle_once();
  bool must_crash() const;
  void end_passes();
  void pass_ms(std::int64_t ms);
  void expect_uses_saved();
  void expect_nothing_left();

  void tell_model();
  std::int64_t jump_to() noexcept;
  const Session* any_session() noexcept;
  store::BindingHash any_binding() noexcept;

  Dice dice_;
  const Plan plan_;
  const std::string path_;
  Tally& tally_;
  ManualClock clock_;
  /// How far a correct wall clock is ahead of the time since boot.
  const std::int64_t wall_ahead_ms_ = clock_.wall().ms - clock_.boot().ms;
  Disk disk_;
  token::Keyring keyring_;
  Model model_;
  std::vector<Person> people_;
  std::vector<store::BindingHash> bindings_;
  std::unique_ptr<Process> process_;
  std::int64_t wall_set_ms_ = 0;    ///< by how much the wall clock was set since the last start
  std::uint64_t steps_to_end_ = 0;  ///< steps left to a process that is to end soon; 0 for others
};

}  // namespace latchkey::sim
