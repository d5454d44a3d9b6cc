#include "odd_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace latchkey::cost {

namespace {

constexpr std::size_t kTargetBytes = 3000;
constexpr std::size_t kLineBytes = 15'000;
constexpr std::size_t kBodyBytes = 65'000;

/// Repeats `part` as often as fits into `bytes`.
std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  text.reserve(bytes);
  while (text.size() + part.size() <= bytes) text += part;
  return text;
}

std::string line(std::string_view name, std::string_view value) {
  return fmt::format("{}: {}\r\n", name, value);
}

std::string many_lines(std::string_view name, std::string_view value, std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += line(name, value);
  return lines;
}

OddBody json(std::string name, std::string body) {
  return {"json: " + std::move(name), line("Content-Type", "application/json"), std::move(body)};
}

OddBody form(std::string name, std::string body) {
  return {"form: " + std::move(name), line("Content-Type", "application/x-www-form-urlencoded"),
          std::move(body)};
}

OddBody multipart(std::string name, std::string body) {
  return {"multipart: " + std::move(name), line("Content-Type", "multipart/form-data; boundary=b"),
          std::move(body)};
}

/// One part with these header lines.
std::string part(std::string_view lines, std::string_view content) {
  return fmt::format("--b\r\n{}\r\n{}\r\n", lines, content);
}

constexpr std::string_view kOther = "Content-Disposition: form-data; name=\"other\"\r\n";

void add_json(std::vector<OddBody>& bodies) {
  bodies.push_back(json("empty object", "{}"));
  bodies.push_back(json("blank", repeated(" ", kBodyBytes)));
  bodies.push_back(json("opening brackets", repeated("[", kBodyBytes)));
  bodies.push_back(json("opening braces", repeated("{\"\":", kBodyBytes)));
  bodies.push_back(
      json("64 deep, again and again",
           "{\"a\":[" + repeated(std::string(62, '[') + std::string(62, ']') + ",", kBodyBytes) + "0]}"));
  bodies.push_back(json("empty lists", "{\"a\":[" + repeated("[],", kBodyBytes) + "0]}"));
  bodies.push_back(json("many keys", "{" + repeated("\"a\":1,", kBodyBytes) + "\"a\":1}"));
  bodies.push_back(json("many usernames", "{" + repeated("\"username\":1,", kBodyBytes) + "\"username\":1}"));
  bodies.push_back(json("a long list", "{\"a\":[" + repeated("0,", kBodyBytes) + "0]}"));
  bodies.push_back(json("a long string", "{\"username\":\"" + repeated("x", kBodyBytes) + "\"}"));
  bodies.push_back(json("escapes", "{\"username\":\"" + repeated("\\u00e9", kBodyBytes) + "\"}"));
  bodies.push_back(json("surrogates", "{\"username\":\"" + repeated("\\ud83d\\ude00", kBodyBytes) + "\"}"));
  bodies.push_back(json("backslashes", "{\"username\":\"" + repeated("\\\\", kBodyBytes) + "\"}"));
  bodies.push_back(
      json("characters of four bytes", "{\"username\":\"" + repeated("\U0001F511", kBodyBytes) + "\"}"));
  bodies.push_back(
      json("blanks around the name", "{\"username\":\"" + repeated("\u3000", kBodyBytes) + "\"}"));
  bodies.push_back(json("digits", "{\"username\":" + repeated("9", kBodyBytes) + "}"));
  bodies.push_back(json("a long fraction", "{\"username\":0." + repeated("3", kBodyBytes) + "}"));
  bodies.push_back(json("numbers of 300 digits",
                        "{\"a\":[" + repeated(std::string(300, '7') + ".5,", kBodyBytes) + "0]}"));
  bodies.push_back(
      json("hard numbers",
           "{\"a\":[" + repeated("2.2250738585072011e-308,9007199254740993.0000001,", kBodyBytes) + "0]}"));
  bodies.push_back(json("doubles too small", "{\"a\":[" + repeated("1e-999,", kBodyBytes) + "0]}"));
  for (const std::string_view wrong : {"}", "\x80", "\"", "tru", "\\"}) {
    const std::string name =
        fmt::format("wrong at its end ({:02x})", static_cast<unsigned char>(wrong.front()));
    bodies.push_back(json(name + ", list", "{\"a\":[" + repeated("0,", kBodyBytes) + std::string(wrong)));
    for (const std::string_view part : {"-1,", "0 ,", "\"\",", "{},", "true,", "1.5,", "12345,"})
      bodies.push_back(json(fmt::format("{}, list of '{}'", name, part),
                            "[" + repeated(part, kBodyBytes) + std::string(wrong)));
    bodies.push_back(json(name + ", string", "{\"a\":\"" + repeated("x", kBodyBytes) + std::string(wrong)));
    bodies.push_back(
        json(name + ", escapes", "{\"a\":\"" + repeated("\\n", kBodyBytes) + std::string(wrong)));
    bodies.push_back(
        json(name + ", wide", "{\"a\":\"" + repeated("\u00e9", kBodyBytes) + std::string(wrong)));
    bodies.push_back(json(name + ", keys", "{" + repeated("\"a\":{},", kBodyBytes) + std::string(wrong)));
    bodies.push_back(json(name + ", hard numbers",
                          "[" + repeated("2.2250738585072011e-308,", kBodyBytes) + std::string(wrong)));
    bodies.push_back(
        json(name + ", a long number", "[0." + repeated("3", kBodyBytes) + "," + std::string(wrong)));
    bodies.push_back(json(name + ", blank", "[" + repeated(" ", kBodyBytes) + std::string(wrong)));
  }
}

void add_forms(std::vector<OddBody>& bodies) {
  bodies.push_back(form("nothing of use", "a=b"));
  for (const std::string_view part :
       {"&", "=", "a&", "a=&", "=a&", "username&", "username=a&", "%", "%25", "+", "%00", "%c3%a9",
        "a=%F0%9F%94%91&", "\u00e9", "\U0001F511", "password=%ff&", "%f"}) {
    bodies.push_back(form(fmt::format("'{}' again and again", part), repeated(part, kBodyBytes)));
  }
  bodies.push_back(form("blanks around the name", "username=" + repeated("+", kBodyBytes)));
  bodies.push_back(form("wide blanks around the name", "username=" + repeated("%E3%80%80", kBodyBytes)));
  bodies.push_back(form("a long name", "username=" + repeated("x", kBodyBytes)));
  bodies.push_back(form("a long password", "password=" + repeated("x", kBodyBytes)));
  bodies.push_back(form("a long password of wide characters", "password=" + repeated("%C3%A9", kBodyBytes)));
  bodies.push_back(form("wrong at its end", "a=" + repeated("%C3%A9", kBodyBytes) + "%ff"));
}

void add_multiparts(std::vector<OddBody>& bodies) {
  std::string parts;
  for (int i = 0; i < 32; ++i) parts += part(kOther, std::string(1900, 'x'));
  bodies.push_back(multipart("32 parts", parts + "--b--\r\n"));
  bodies.push_back(multipart("33 parts", parts + part(kOther, "") + "--b--\r\n"));
  std::string headers;
  for (int i = 0; i < 7; ++i) headers += line("X-Filler", std::string(8000, 'x'));
  bodies.push_back(multipart("long headers", part(headers + std::string(kOther), "") + "--b--\r\n"));
  for (const std::string_view content : {"\r\n--", "\r\n", "\r\n--c", "--b", "-", "\r", "\r\n-"}) {
    bodies.push_back(multipart(fmt::format("nearly a boundary ({} bytes) again and again", content.size()),
                               part(kOther, repeated(content, kBodyBytes)) + "--b--\r\n"));
    bodies.push_back(multipart(fmt::format("nearly a boundary ({} bytes), without an end", content.size()),
                               part(kOther, repeated(content, kBodyBytes))));
  }
  bodies.push_back(multipart(
      "parameters", part("Content-Disposition: form-data; name=\"o\"" + repeated("; a=b", 64) + "\r\n", "")));
  bodies.push_back(
      multipart("empty parameters",
                part("Content-Disposition: form-data; name=\"o\"" + repeated(";", kBodyBytes) + "\r\n", "")));
  bodies.push_back(
      multipart("a long name",
                part("Content-Disposition: form-data; name=\"" + repeated("\\x", kBodyBytes) + "\"\r\n", "") +
                    "--b--\r\n"));
  bodies.push_back(multipart("wide characters", part("Content-Disposition: form-data; name=\"username\"\r\n",
                                                     repeated("\u00e9", kBodyBytes)) +
                                                    "--b--\r\n"));
  bodies.push_back({"multipart: a long boundary",
                    line("Content-Type", "multipart/form-data; boundary=" + std::string(70, 'a')),
                    "--" + std::string(70, 'a') + "\r\n" + std::string(kOther) + "\r\n" +
                        repeated("\r\n--" + std::string(69, 'a') + "b", kBodyBytes)});
}

std::string chunked(std::string_view body, std::size_t chunk_bytes, std::string_view extension) {
  std::string bytes;
  for (; !body.empty(); body.remove_prefix(std::min(chunk_bytes, body.size()))) {
    const std::string_view chunk = body.substr(0, chunk_bytes);
    bytes += fmt::format("{:x}{}\r\n{}\r\n", chunk.size(), extension, chunk);
  }
  return bytes + "0\r\n\r\n";
}

}  // namespace

std::vector<OddTarget> odd_targets() {
  std::vector<OddTarget> targets;
  for (const std::string_view part :
       {"x", "&", "=", "format=api&", "format=json&", "&format=", "%", "%20", "\"", "<", "'&"}) {
    targets.push_back({fmt::format("query of '{}'", part), "?" + repeated(part, kTargetBytes)});
  }
  for (const std::string_view part : {"/", "x", "%2f", "../", "//api/v2/"}) {
    targets.push_back({fmt::format("path of '{}'", part), repeated(part, kTargetBytes)});
  }
  return targets;
}

std::vector<OddLines> odd_lines() {
  std::vector<OddLines> odd;
  for (const std::string_view part : {"text/html;q=0.1,", "*/*,", ",", "a/b;c=d;e=f;g=\"h\",", "\"", "a/b;",
                                      "\"\\,", "application/json;indent=4;q=0.001,", " ", "a,"}) {
    odd.push_back(
        {fmt::format("Accept of '{}'", part), line("Accept", repeated(part, kLineBytes) + "text/html")});
  }
  odd.push_back(
      {"60 lines of Accept", many_lines("Accept", "text/html;q=0.5, " + repeated("a/b;c=d,", 180), 60)});
  for (const std::string_view part : {";", "a=b; ", "token; ", "=", "token =x;", "\"", " ", "tokem=x;",
                                      "token=x;", "token=x;latchkey=x;", "token=;", "__Host-latchkey=;"}) {
    odd.push_back({fmt::format("Cookie of '{}'", part), line("Cookie", repeated(part, kLineBytes))});
  }
  odd.push_back({"Cookie with a token behind many",
                 line("Cookie", repeated("a=b;", kLineBytes) + "token=" + repeated("%30", 120))});
  odd.push_back(
      {"an unknown token by Cookie", line("Cookie", "token=8f17825cf08a7efea124f2638f3896f6637f8745")});
  const std::string unknown = "=8f17825cf08a7efea124f2638f3896f6637f8745; ";
  odd.push_back({"four unknown tokens by Cookie",
                 line("Cookie", "token" + unknown + "latchkey" + unknown + "token" + unknown) +
                     line("Cookie", "__Host-latchkey" + unknown)});
  odd.push_back({"cookies that could be escaped tokens",
                 line("Cookie", repeated("token=" + repeated("%30", 120) + ";", kLineBytes))});
  odd.push_back({"60 lines of Cookie", many_lines("Cookie", repeated("token" + unknown, 200), 60)});
  for (const std::string_view scheme : {"Token ", "Bearer ", "Basic %"}) {
    odd.push_back({fmt::format("a long Authorization: {}", scheme),
                   line("Authorization", std::string(scheme) + repeated("x", kLineBytes))});
    odd.push_back({fmt::format("blanks in Authorization: {}", scheme),
                   line("Authorization", std::string(scheme) + repeated(" x", kLineBytes))});
    odd.push_back({fmt::format("X-Auth-Token: {}", scheme),
                   line("X-Auth-Token", std::string(scheme) + repeated("x ", kLineBytes))});
  }
  odd.push_back({"a Basic that ends wrong", line("Authorization", "Basic " + repeated("YWFh", 8000) + "*")});
  odd.push_back({"60 other fields", many_lines("X-Filler", std::string(200, 'x'), 60)});
  odd.push_back({"60 short fields", many_lines("a", "", 60)});
  odd.push_back(
      {"a long User-Agent", line("User-Agent", repeated("x", kLineBytes)) +
                                line("Authorization", "Token 8f17825cf08a7efea124f2638f3896f6637f8745")});
  odd.push_back({"Connection", line("Connection", repeated("a,", kLineBytes))});
  odd.push_back({"Range", line("Range", "bytes=" + repeated("0-1,", kLineBytes))});
  odd.push_back({"a long Origin", line("Origin", "http://" + repeated("x", kLineBytes))});
  odd.push_back({"a long Content-Type", line("Content-Type", "a/b" + repeated(";", kLineBytes))});
  odd.push_back({"a long Content-Encoding", line("Content-Encoding", repeated("identity,", kLineBytes))});
  odd.push_back({"a long X-CSRF-Token", line("Cookie", "token=8f17825cf08a7efea124f2638f3896f6637f8745") +
                                            line("X-CSRF-Token", repeated("x", kLineBytes))});
  for (const std::string_view part :
       {"192.0.2.1,", "127.0.0.1,", ",", "[2001:db8::1]:80,", "x,", "::ffff:127.0.0.1 ,"}) {
    odd.push_back({fmt::format("X-Forwarded-For of '{}'", part),
                   line("X-Forwarded-For", repeated(part, kLineBytes) + "127.0.0.1") +
                       line("Authorization", "Token 8f17825cf08a7efea124f2638f3896f6637f8745"),
                   true});
  }
  odd.push_back({"60 lines of X-Forwarded-For",
                 many_lines("X-Forwarded-For", repeated("127.0.0.1,", 200) + "127.0.0.1", 60) +
                     line("Authorization", "Token 8f17825cf08a7efea124f2638f3896f6637f8745"),
                 true});
  odd.push_back({"X-Forwarded-Proto", line("X-Forwarded-Proto", repeated("https,", kLineBytes)), true});
  odd.push_back({"X-Forwarded-Host", line("X-Forwarded-Host", repeated("a,", kLineBytes)), true});
  return odd;
}

std::vector<OddBody> odd_bodies() {
  std::vector<OddBody> bodies;
  bodies.push_back({"no body", "Content-Length: 0\r\n", ""});
  bodies.push_back({"no type", "", repeated("x", kBodyBytes)});
  bodies.push_back({"another type", line("Content-Type", "text/plain"), repeated("x", kBodyBytes)});
  bodies.push_back({"a long type", line("Content-Type", "application/json" + repeated(";", 15'000)), "{}"});
  bodies.push_back({"another charset", line("Content-Type", "application/json; charset=utf-16"),
                    repeated("x", kBodyBytes)});
  bodies.push_back({"another coding",
                    line("Content-Type", "application/json") + line("Content-Encoding", "gzip"),
                    repeated("x", kBodyBytes)});
  add_json(bodies);
  add_forms(bodies);
  add_multiparts(bodies);
  return bodies;
}

std::vector<OddHead> odd_heads() {
  std::vector<OddHead> heads;
  const std::string post =
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  heads.push_back({"chunks of one byte",
                   post + "Transfer-Encoding: chunked\r\n\r\n" + chunked(repeated("[", 60'000), 1, "")});
  heads.push_back({"chunks with extensions",
                   post + "Transfer-Encoding: chunked\r\n\r\n" + chunked(repeated("[", 400), 1, ";a=b")});
  heads.push_back({"chunks with long sizes",
                   post + "Transfer-Encoding: chunked\r\n\r\n" + chunked(repeated("[", 60'000), 60'000, "")});
  heads.push_back({"a long trailer", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n" +
                                         line("X", repeated("x", 4000)) + "\r\n"});
  heads.push_back({"a body that is too long", post + "Content-Length: 99999999\r\n\r\n"});
  heads.push_back({"a head that is too long",
                   "GET / HTTP/1.1\r\nHost: localhost\r\n" + line("X", repeated("x", 20'000))});
  heads.push_back(
      {"a head without an end", "GET / HTTP/1.1\r\nHost: localhost\r\n" + many_lines("a", "b", 2000)});
  heads.push_back({"a target without an end", "GET /" + repeated("x", 20'000)});
  heads.push_back({"line ends", repeated("\r\n", 20'000)});
  heads.push_back({"no HTTP", repeated("\x16\x03\x01", 20'000)});
  return heads;
}

}  // namespace latchkey::cost
