// ProfileModel: what checks may say about users' groups and details. Every change of a profile is a change of
// the e-mail address, to a text that nobody had before or to none. Part of the Model.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace latchkey::sim {

class ProfileModel {
 public:
  /// A client asks for a change.
  void asked(std::int64_t user, const std::string& email);
  /// Nothing was written: the store refused.
  void refused(std::int64_t user, const std::string& email);
  /// It is durable, under this number. The numbers of a user ascend in the order in which the store wrote.
  void written(std::int64_t user, const std::string& email, std::int64_t number);
  /// The client was told that it holds. From now on no check may hand out an earlier profile.
  void answered(std::int64_t user, std::int64_t number);

  /// A check hands this out now. It is empty for no profile.
  void checked(std::int64_t user, const std::string& email) const;

  /// The last process has ended. What was asked of it and not answered may be on the disk or not.
  void restarting();
  /// A start finds this on the disk.
  void loaded(std::int64_t user, const std::string& email, std::int64_t number);

 private:
  struct User {
    /// Those that were asked for and whose number is not known yet: a check may hand them out before the
    /// client learns the number.
    std::multiset<std::string> under_way;
    std::map<std::string, std::int64_t> numbers{{"", 0}};  // the latest number of each text
    std::int64_t promised = 0;                             // the greatest that was answered
  };

  std::map<std::int64_t, User> users_;
};

}  // namespace latchkey::sim
