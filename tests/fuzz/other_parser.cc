#include "fuzz/other_parser.h"

#include <http_parser.h>

#include <array>

namespace latchkey::fuzz {

namespace {

/// What the callbacks fill in.
struct Reading {
  OtherMessage message;
  bool in_value = true;
};

Reading& reading_of(http_parser* parser) { return *static_cast<Reading*>(parser->data); }

int on_target(http_parser* parser, const char* at, std::size_t size) {
  reading_of(parser).message.target.append(at, size);
  return 0;
}

int on_name(http_parser* parser, const char* at, std::size_t size) {
  Reading& reading = reading_of(parser);
  if (reading.in_value) reading.message.fields.emplace_back();
  reading.in_value = false;
  reading.message.fields.back().first.append(at, size);
  return 0;
}

int on_value(http_parser* parser, const char* at, std::size_t size) {
  Reading& reading = reading_of(parser);
  reading.in_value = true;
  reading.message.fields.back().second.append(at, size);
  return 0;
}

int on_head(http_parser* parser) {
  Reading& reading = reading_of(parser);
  reading.message.method = http_method_str(static_cast<http_method>(parser->method));
  reading.message.keep_alive = http_should_keep_alive(parser) != 0;
  // Otherwise `Upgrade` would end the reading here. The server speaks no other protocol and ignores the
  // field.
  parser->upgrade = 0;
  return 0;
}

int on_body(http_parser* parser, const char* at, std::size_t size) {
  reading_of(parser).message.body.append(at, size);
  return 0;
}

int on_end(http_parser* parser) {
  reading_of(parser).message.status = OtherMessage::Status::kComplete;
  // Stops behind this message.
  http_parser_pause(parser, 1);
  return 0;
}

void trim(std::string& value) {
  value.erase(value.find_last_not_of(" \t") + 1);
  value.erase(0, value.find_first_not_of(" \t"));
}

}  // namespace

OtherMessage read_by_http_parser(std::string_view bytes) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = on_target;
  settings.on_header_field = on_name;
  settings.on_header_value = on_value;
  settings.on_headers_complete = on_head;
  settings.on_body = on_body;
  settings.on_message_complete = on_end;

  Reading reading;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &reading;
  const std::size_t bytes_read = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  OtherMessage& message = reading.message;
  for (auto& field : message.fields) trim(field.second);
  if (message.status == OtherMessage::Status::kComplete) {
    message.bytes = bytes_read;
  } else if (HTTP_PARSER_ERRNO(&parser) != HPE_OK) {
    message.status = OtherMessage::Status::kRefused;
    message.error = http_errno_name(HTTP_PARSER_ERRNO(&parser));
  }
  return message;
}

bool is_method_of_http_parser(std::string_view name) {
  static constexpr std::array kNames = {
#define LATCHKEY_NAME_OF_METHOD(number, symbol, text) #text,
      HTTP_METHOD_MAP(LATCHKEY_NAME_OF_METHOD)
#undef LATCHKEY_NAME_OF_METHOD
  };
  for (const std::string_view known : kNames) {
    if (known == name) return true;
  }
  return false;
}

}  // namespace latchkey::fuzz
