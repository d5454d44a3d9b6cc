// NoHold: where a reader goes straight on. A test passes a function instead, which is called between two
// loads of the reader, and changes there what the reader is about to see.
#pragma once

namespace latchkey::token {

struct NoHold {
  void operator()() const noexcept {}
};

}  // namespace latchkey::token
