#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/model.h"

/// The files that a configuration names, as values: which, what is in them, and whether that is what it was.
namespace kp::config {

struct NamedFile {
  std::string key;      ///< "downstream.tls.cert"; no key is there twice
  std::string path;     ///< what is opened; relative to the working directory, as everywhere
  bool secret = false;  ///< private keys and credentials: never shown
  bool operator==(const NamedFile&) const = default;
};

/// Those that are opened when `config` comes into force, in the order of the model; what it names for a side without
/// TLS, or for logins that nobody makes, isn't there. Looks whether a CA bundle exists, as net/tls does when it
/// completes a chain.
std::vector<NamedFile> named_files(const Config& config);

/// Larger ones are not read.
inline constexpr std::size_t max_named_file_bytes = 8 << 20;

struct FileContent {
  NamedFile file;
  std::string content;         ///< empty with an error
  std::optional<Error> error;  ///< NotFound: no such file; Io; Invalid: too large, or a pipe or a directory
  bool missing() const { return error && error->code == Errc::NotFound; }
};

/// named_files() and what is in them now. A file that can't be read is there with its error.
std::vector<FileContent> read_files(const Config& config);

/// Equal when nothing would come of a reload: SHA-256, hex, over the configuration with its secrets and generation and
/// the files. For comparison within one process; never shown, since secrets are in it.
std::string fingerprint(const Config& config, const std::vector<FileContent>& files);

/// What of a file may be shown, 64 hex digits: SHA-256, or slow_digest() of a secret one; "missing", "unreadable".
std::string digest(const FileContent& file);

struct FileDigest {
  std::string key;
  std::string path;
  std::string digest;
  bool operator==(const FileDigest&) const = default;
};

/// Costs some milliseconds for each secret file.
std::vector<FileDigest> digests(const std::vector<FileContent>& files);

}  // namespace kp::config
