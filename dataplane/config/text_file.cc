#include "config/text_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "config/parse.h"

namespace kp::config {

Result<std::string> read_text_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  const auto failed = [&] {
    return Error{errno == ENOENT ? Errc::NotFound : Errc::Io, path + ": " + std::strerror(errno)};
  };
  if (!file) return failed();
  std::string text(max_file_bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed();
  if (text.size() > max_file_bytes) return Error{Errc::Invalid, path + ": the file is larger than 1 MiB"};
  return text;
}

}  // namespace kp::config
