#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace kp::certs {

enum class Readable : std::uint8_t { ByAll, ByOwner };

/// Files that did not exist before. All are gone again with their owner, unless `keep` was called.
class NewFiles {
 public:
  NewFiles() = default;
  ~NewFiles();
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  /// Conflict when anything is at `path`, also a link that leads nowhere; else Io.
  Status add(const std::string& path, const std::string& text, Readable by);
  void keep() { made_.clear(); }

 private:
  std::vector<std::string> made_;
};

/// Whether anything is at `path`, also a link that leads nowhere.
bool taken(const std::string& path);

}  // namespace kp::certs
