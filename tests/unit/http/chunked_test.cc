#include "http/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace latchkey::http {
namespace {

using Status = ChunkedDecoder::Progress::Status;

struct Decoded {
  Status status = Status::kNeedMore;
  std::string data;
  std::string rest;  ///< What follows the body, untouched.
  int http_status = 0;
};

/// Feeds `text` in pieces of `piece` bytes, as a network would.
Decoded decode_in_pieces(const std::string& text, std::size_t piece, const ChunkedLimits& limits = {}) {
  ChunkedDecoder decoder(limits);
  Decoded decoded;
  for (std::size_t at = 0; at < text.size() && decoded.status == Status::kNeedMore; at += piece) {
    std::string bytes = text.substr(at, piece);
    const ChunkedDecoder::Progress progress = decoder.decode(bytes);
    decoded.status = progress.status;
    decoded.http_status = progress.refusal.http_status;
    decoded.data += bytes.substr(0, progress.data_bytes);
    EXPECT_LE(progress.data_bytes, progress.consumed);
    if (progress.status == Status::kNeedMore) {
      EXPECT_EQ(progress.consumed, bytes.size());
    }
    if (progress.status == Status::kDone)
      decoded.rest = bytes.substr(progress.consumed) + text.substr(std::min(at + piece, text.size()));
  }
  return decoded;
}

/// Decodes all at once. The result must be the same in pieces of every size.
Decoded decode(const std::string& text, const ChunkedLimits& limits = {}) {
  const Decoded at_once = decode_in_pieces(text, std::max<std::size_t>(text.size(), 1), limits);
  for (std::size_t piece = 1; piece < std::min<std::size_t>(text.size(), 40); ++piece) {
    const Decoded decoded = decode_in_pieces(text, piece, limits);
    EXPECT_EQ(decoded.status, at_once.status) << text;
    EXPECT_EQ(decoded.data, at_once.data) << text;
    EXPECT_EQ(decoded.rest, at_once.rest) << text;
    EXPECT_EQ(decoded.http_status, at_once.http_status) << text;
  }
  return at_once;
}

TEST(ChunkedDecoder, JoinsTheDataAndLeavesThePipelinedRest) {
  const Decoded decoded = decode("5\r\nhello\r\n006\r\n world\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_EQ(decoded.status, Status::kDone);
  EXPECT_EQ(decoded.data, "hello world");
  EXPECT_EQ(decoded.rest, "GET / HTTP/1.1\r\n");
}

TEST(ChunkedDecoder, DataMayHoldAnyBytes) {
  const std::string data("\r\n0\r\n\r\n\0\xff", 9);
  EXPECT_EQ(decode("9\r\n" + data + "\r\n0\r\n\r\n").data, data);
}

TEST(ChunkedDecoder, SizesAreHexadecimalOfEitherCase) {
  EXPECT_EQ(decode("1a\r\n" + std::string(26, 'x') + "\r\n1A\r\n" + std::string(26, 'y') + "\r\n0\r\n\r\n")
                .data.size(),
            52U);
}

TEST(ChunkedDecoder, WaitsAtEveryCut) {
  const std::string text = "2;a=\"b\\\"\"\r\nhi\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t cut = 0; cut < text.size(); ++cut)
    EXPECT_EQ(decode(text.substr(0, cut)).status, Status::kNeedMore) << cut;
  EXPECT_EQ(decode(text).status, Status::kDone);
}

TEST(ChunkedDecoder, ExtensionsAreValidatedAndDropped) {
  for (const char* extension :
       {";a", ";a=b", " ; a = b", ";a;b;c", ";a=\"q;\\\"\tx\"", ";a=\"\" ;b", "\t;a\t=\tb"}) {
    const Decoded decoded = decode("2" + std::string(extension) + "\r\nhi\r\n0" + extension + "\r\n\r\n");
    EXPECT_EQ(decoded.status, Status::kDone) << extension;
    EXPECT_EQ(decoded.data, "hi");
  }
  for (const char* extension : {" ", ";", "; ", ";=b", ";a=", ";a=b c", ";a b", ";a=\"x", ";a=\"\x01\"",
                                ";a=\"x\"y", ";a@", ";a\n", ";a=\"x\\", "g", " a", ";a=b ", "\x80"}) {
    EXPECT_EQ(decode("2" + std::string(extension) + "\r\nhi\r\n0\r\n\r\n").http_status, 400) << extension;
  }
}

TEST(ChunkedDecoder, TrailersAreValidatedAndDropped) {
  EXPECT_EQ(decode("0\r\nA: b\r\nX-Empty:\r\nC: \xff\t d \r\n\r\nrest").rest, "rest");
  for (const char* trailer : {"A : b\r\n", " A: b\r\n", ": b\r\n", "A\r\n", "A: b\n", "A: \x01\r\n",
                              "A: b\r\n c\r\n", "A: b\rc\r\n"}) {
    EXPECT_EQ(decode("0\r\n" + std::string(trailer) + "\r\n").http_status, 400) << trailer;
  }
}

TEST(ChunkedDecoder, RefusesEveryOtherFraming) {
  for (const char* text :
       {"\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1\nx\r\n", "1\r\rx", "1\r\nxy", "1\r\nx\n",
        "1\r\nx\r\r", "0\r\n\n", "0\r\n\rx", "1 \r\nx\r\n", ";a\r\n", "1\r\nx0\r\n\r\n"}) {
    EXPECT_EQ(decode(text).http_status, 400) << text;
  }
}

TEST(ChunkedDecoder, SizesThatOverflowAreRefused) {
  EXPECT_EQ(decode("ffffffffffffffff\r\n").http_status, 413);
  EXPECT_EQ(decode("10000000000000000\r\n").http_status, 400);
  EXPECT_EQ(decode("00000000000000001\r\n").http_status, 400) << "leading zeros are bounded";
}

TEST(ChunkedDecoder, DigitsAreCountedForEachChunkAnew) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "01\r\nx\r\n";
  EXPECT_EQ(decode(text + "0\r\n\r\n").data, std::string(40, 'x'));
}

TEST(ChunkedDecoder, BodyIsBoundedOverAllChunks) {
  const ChunkedLimits limits{.max_body_bytes = 6, .max_extension_bytes = 8, .max_trailer_bytes = 8};
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", limits).data, "abcdef");
  EXPECT_EQ(decode("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", limits).http_status, 413);
  EXPECT_EQ(decode("7\r\n", limits).http_status, 413) << "before its data has come";
}

TEST(ChunkedDecoder, ExtensionsAndTrailersAreBoundedOverTheWholeBody) {
  const ChunkedLimits limits{.max_body_bytes = 6, .max_extension_bytes = 8, .max_trailer_bytes = 8};
  EXPECT_EQ(decode("1;aaa\r\nx\r\n1;aa\r\nx\r\n0\r\n\r\n", limits).status, Status::kDone);
  EXPECT_EQ(decode("1;aaa\r\nx\r\n1;aaaa\r\nx\r\n0;a\r\n\r\n", limits).http_status, 400);
  EXPECT_EQ(decode("0\r\nA:b\r\n\r\n", limits).status, Status::kDone);
  EXPECT_EQ(decode("0\r\nA:b\r\nC:d\r\n\r\n", limits).http_status, 431);
}

TEST(ChunkedDecoder, ResetMakesItReadyForAnotherBody) {
  ChunkedDecoder decoder({.max_body_bytes = 5});
  for (int round = 0; round < 3; ++round) {
    std::string bytes = "5\r\nhello\r\n0\r\n\r\n";
    const ChunkedDecoder::Progress progress = decoder.decode(bytes);
    EXPECT_EQ(progress.status, Status::kDone);
    EXPECT_EQ(bytes.substr(0, progress.data_bytes), "hello");
    decoder.reset();
  }
}

}  // namespace
}  // namespace latchkey::http
