// NoHold: does nothing, so that a reader goes straight on. A test passes a function instead. The reader calls
// it between two of its loads, and the test changes there what the reader is about to see.
#pragma once

namespace latchkey::token {

struct NoHold {
  void operator()() const noexcept {}
};

}  // namespace latchkey::token
