// Authelia's file of users, in YAML: users: {name: {password, displayname, email, groups, disabled}}.
#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "migration/json_values.h"
#include "migration/lines.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

/// More than the most users have.
constexpr std::size_t kMaxNodes = 20 * kMaxUsers;
/// An alias is a node for each that names it, so what is read of one by every user has a bound: this many
/// members, and in all no more text than the file has.
constexpr std::size_t kMaxMembers = 64;
/// What libyaml reads of lists in lists takes a time that grows with the square of their depth.
constexpr std::ptrdiff_t kMaxDepth = 100;

struct Document {
  yaml_document_t of{};
  bool is_loaded = false;
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() {
    if (is_loaded) yaml_document_delete(&of);
  }
};

struct Parser {
  yaml_parser_t of{};
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&of); }
};

class Nodes {
 public:
  explicit Nodes(yaml_document_t& document) noexcept : document_(document) {}

  const yaml_node_t* root() const noexcept { return yaml_document_get_root_node(&document_); }

  /// A mapping's pairs, or a sequence's first items; empty for another node.
  std::vector<std::pair<const yaml_node_t*, const yaml_node_t*>> pairs(const yaml_node_t* node) const {
    std::vector<std::pair<const yaml_node_t*, const yaml_node_t*>> out;
    if (node == nullptr || node->type != YAML_MAPPING_NODE) return out;
    for (const yaml_node_pair_t* pair = node->data.mapping.pairs.start; pair != node->data.mapping.pairs.top;
         ++pair)
      out.emplace_back(at(pair->key), at(pair->value));
    return out;
  }
  std::vector<const yaml_node_t*> items(const yaml_node_t* node) const {
    std::vector<const yaml_node_t*> out;
    if (node == nullptr || node->type != YAML_SEQUENCE_NODE) return out;
    for (const yaml_node_item_t* item = node->data.sequence.items.start;
         item != node->data.sequence.items.top && out.size() < kMaxGroupsRead; ++item)
      out.push_back(at(*item));
    return out;
  }
  const yaml_node_t* member(const yaml_node_t* node, std::string_view name) const {
    if (node == nullptr || node->type != YAML_MAPPING_NODE) return nullptr;
    std::size_t looks = 0;
    for (const yaml_node_pair_t* pair = node->data.mapping.pairs.start;
         pair != node->data.mapping.pairs.top && looks < kMaxMembers; ++pair, ++looks) {
      if (text(at(pair->key)) == name) return at(pair->value);
    }
    return nullptr;
  }

  /// Nothing for what is no scalar.
  static std::optional<std::string_view> text(const yaml_node_t* node) noexcept {
    if (node == nullptr || node->type != YAML_SCALAR_NODE) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length);
  }

 private:
  const yaml_node_t* at(int number) const noexcept { return yaml_document_get_node(&document_, number); }

  yaml_document_t& document_;
};

ForeignUser user_of(const Nodes& nodes, const yaml_node_t* key, const yaml_node_t* value) {
  ForeignUser user;
  user.where = key == nullptr ? "users" : fmt::format("line {}", key->start_mark.line + 1);
  user.name = Nodes::text(key).value_or("");
  if (const auto disabled = Nodes::text(nodes.member(value, "disabled"))) {
    const std::optional<bool> truth = truth_of(*disabled);
    user.active = !truth.value_or(false);
  } else {
    user.active = true;
  }
  if (const auto shown = Nodes::text(nodes.member(value, "displayname")))
    split_name(*shown, user.first_name.emplace(), user.last_name.emplace());
  if (const auto email = Nodes::text(nodes.member(value, "email"))) user.email = *email;
  if (const yaml_node_t* const groups = nodes.member(value, "groups")) {
    user.groups.emplace();
    for (const yaml_node_t* const group : nodes.items(groups))
      user.groups->emplace_back(Nodes::text(group).value_or("").substr(0, kMaxGroupBytesRead));
  }
  if (const auto hash = Nodes::text(nodes.member(value, "password"))) user.hash = *hash;
  if (!user.hash || user.hash->empty()) user.why_refused = "it has no password";
  return user;
}

/// Whether lists and mappings in brackets may be nested deeper than any such file has them. Counts brackets
/// in texts too.
bool is_deep(std::string_view text) noexcept {
  std::ptrdiff_t depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > kMaxDepth) return true;
  }
  return false;
}

/// Whether it may have more nodes than are read: libyaml has all of them in memory before it can be asked.
/// Each has one of these characters before or behind it. They stand in texts too, hence twice as many.
bool may_have_many_nodes(std::string_view text) noexcept {
  static constexpr std::string_view kMarks = "-:,[{?*";
  const auto marks = std::count_if(text.begin(), text.end(),
                                   [](char c) { return kMarks.find(c) != std::string_view::npos; });
  return static_cast<std::size_t>(marks) > 2 * kMaxNodes;
}

/// How much text a user takes. An alias takes as much as what it stands for.
std::size_t bytes_of(const ForeignUser& user) noexcept {
  std::size_t bytes = user.name.size();
  for (const auto* const text : {&user.hash, &user.first_name, &user.last_name, &user.email})
    bytes += *text ? (*text)->size() : 0;
  if (!user.groups) return bytes;
  for (const std::string& group : *user.groups) bytes += group.size();
  return bytes;
}

tl::unexpected<Error> no_yaml(const yaml_parser_t& parser) {
  return failure(ErrorCode::kInvalid, fmt::format("it is not YAML: line {}: {}", parser.problem_mark.line + 1,
                                                  parser.problem == nullptr ? "no memory" : parser.problem));
}

tl::unexpected<Error> too_many_values() {
  return failure(ErrorCode::kInvalid, "it has too many values: split it");
}

}  // namespace

Users read_authelia(std::string_view text, const ReadOptions& /*options*/) {
  if (is_deep(text)) return failure(ErrorCode::kInvalid, "it has lists nested deeper than this reads");
  if (may_have_many_nodes(text)) return too_many_values();
  Parser parser;
  if (yaml_parser_initialize(&parser.of) == 0) return failure(ErrorCode::kUnavailable, "there is no memory");
  yaml_parser_set_input_string(&parser.of, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  Document document;
  if (yaml_parser_load(&parser.of, &document.of) == 0) return no_yaml(parser.of);
  document.is_loaded = true;
  const auto nodes_made = static_cast<std::size_t>(document.of.nodes.top - document.of.nodes.start);
  if (nodes_made > kMaxNodes) return too_many_values();
  const Nodes nodes(document.of);
  const yaml_node_t* const found = nodes.member(nodes.root(), "users");
  if (found == nullptr || found->type != YAML_MAPPING_NODE) {
    return failure(ErrorCode::kInvalid,
                   "there is no mapping `users` in it, as in Authelia's users_database.yml");
  }
  std::vector<ForeignUser> users;
  std::size_t bytes = 0;
  for (const auto& [key, value] : nodes.pairs(found)) {
    if (!has_room(users.size())) break;
    users.push_back(user_of(nodes, key, value));
    bytes += bytes_of(users.back());
    if (bytes > kMaxFileBytes) return too_many_values();
  }
  return users;
}

}  // namespace latchkey::migration
