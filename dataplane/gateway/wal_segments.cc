#include "gateway/wal_segments.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "base/log.h"
#include "gateway/wal_frame.h"

namespace kp::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".wal";
constexpr std::string_view checkpoint = "checkpoint";

Error failed(const fs::path& path) { return Error{Errc::Io, path.string() + ": " + std::strerror(errno)}; }

Status write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Error{Errc::Io, std::strerror(n < 0 ? errno : ENOSPC)};
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Done{};
}

/// What `file` holds from `offset` on, at most `size` bytes.
Result<std::string> read_at(int file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(file, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Errc::Io, std::strerror(errno)};
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A whole frame at least, however long it is.
Result<std::string> read_frames(int file, std::uint64_t offset, std::uint64_t end, std::size_t about) {
  const auto left = static_cast<std::size_t>(end - offset);
  Result<std::string> bytes = read_at(file, offset, std::min(about, left));
  if (!bytes) return bytes;
  const std::size_t first = read_frame(*bytes).size;
  if (first <= bytes->size() || first > left) return bytes;
  return read_at(file, offset, first);
}

/// As a file system leaves what it had no time to write.
bool zeros(int file, std::uint64_t offset, std::uint64_t end) {
  while (offset < end) {
    const Result<std::string> bytes = read_at(file, offset, std::min<std::uint64_t>(1 << 20, end - offset));
    if (!bytes || bytes->empty() || bytes->find_first_not_of('\0') != std::string::npos) return false;
    offset += bytes->size();
  }
  return true;
}

}  // namespace

Result<WalSegments> WalSegments::open(const std::string& directory) {
  WalSegments made;
  made.directory_ = directory;
  std::error_code bad;
  fs::create_directories(made.directory_, bad);
  if (bad) return Error{Errc::Io, directory + ": " + bad.message()};
  fs::permissions(made.directory_, fs::perms::owner_all, bad);  // records are nobody else's
  const fs::path lock = made.directory_ / "lock";
  made.lock_ = Descriptor(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!made.lock_) return failed(lock);
  if (::flock(made.lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::Conflict, directory + " is in use by another process: give each its own"};
  std::ifstream told(made.directory_ / checkpoint);
  std::string text;
  if (told >> text) made.first_ = number_of(text).value_or(0);
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(made.directory_, bad))
    if (entry.path().extension() == suffix && number_of(entry.path().stem().string())) found.push_back(entry.path());
  if (bad) return Error{Errc::Io, directory + ": " + bad.message()};
  std::ranges::sort(found);  // numbers are padded
  made.next_ = made.first_;
  for (const fs::path& path : found)
    if (Status ok = made.scan(path); !ok) return std::move(ok).error();
  (void)made.confirm(made.first_);
  if (!made.segments_.empty()) made.first_ = std::max(made.first_, made.segments_.front().first);
  return made;
}

/// Finds the records of one file, and where they end.
Status WalSegments::scan(const fs::path& path) {
  constexpr std::size_t chunk = 1 << 20;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(path);
  Segment segment{path, *number_of(path.stem().string()), 0, 0, false};
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(::lseek(file.get(), 0, SEEK_END), 0));
  Frame::State state = Frame::State::Whole;
  while (segment.end < size && state == Frame::State::Whole) {
    const Result<std::string> bytes = read_frames(file.get(), segment.end, size, chunk);
    if (!bytes) return Error(bytes.error()).within(path.string());
    std::string_view rest = *bytes;
    std::uint64_t whole = 0;
    for (; !rest.empty(); ++whole) {
      const Frame frame = read_frame(rest);
      state = frame.state;
      if (state != Frame::State::Whole) break;
      rest.remove_prefix(frame.size);
      segment.end += frame.size;
    }
    segment.records += whole;
    if (state == Frame::State::Torn && whole > 0) state = Frame::State::Whole;  // it goes on in the next chunk
  }
  if (segment.end < size) {
    segment.corrupt = state == Frame::State::Corrupt && !zeros(file.get(), segment.end, size);
    log::warn(segment.corrupt ? "the log holds what can't be read; it is kept as *.corrupt, all before it is sent"
                              : "the last record of the log is not complete, and was never answered: it is left out",
              {{"file", path.string()}, {"offset", segment.end}, {"bytes", size - segment.end}});
  }
  if (segment.corrupt && segment.records == 0) {  // another file may get its name
    std::error_code ignored;
    fs::rename(path, fs::path(path).replace_extension(".corrupt"), ignored);
    return Done{};
  }
  if (!segments_.empty() && !segments_.back().corrupt && segment.first > next_)
    log::error("records of the log are missing", {{"before", path.string()}, {"records", segment.first - next_}});
  next_ = std::max(next_, segment.first + segment.records);
  bytes_ += segment.end;
  segments_.push_back(std::move(segment));
  return Done{};
}

Status WalSegments::begin_segment() {
  const fs::path path = directory_ / fmt::format("{:020}{}", next_, suffix);
  out_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out_) return failed(path);
  if (!segments_.empty() && segments_.back().path == path) segments_.pop_back();  // an empty one of the last process
  segments_.push_back({path, next_, 0, 0, false});
  // So that the file's name lasts, too.
  const Descriptor folder(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
  return Done{};
}

Status WalSegments::append(std::string_view frames, std::uint64_t records, std::uint64_t segment_bytes,
                           std::uint64_t most_bytes) {
  cramped_ = bytes_ + frames.size() > most_bytes;
  if (cramped_) return Error{Errc::Busy, "the log is full: Kafka takes too little"};
  if (out_ && segments_.back().end > 0 && segments_.back().end + frames.size() > segment_bytes) {
    ::fdatasync(out_.get());
    out_ = Descriptor();
  }
  if (!out_)
    if (Status ok = begin_segment(); !ok) return std::move(ok).error().within("the log");
  Segment& last = segments_.back();
  if (Status ok = write_all(out_.get(), frames); !ok) {
    cramped_ = true;
    // Half of a frame must not stand before the next.
    if (::ftruncate(out_.get(), static_cast<off_t>(last.end)) != 0 ||
        ::lseek(out_.get(), static_cast<off_t>(last.end), SEEK_SET) < 0)
      out_ = Descriptor();
    return std::move(ok).error().within("the log can't be written");
  }
  last.end += frames.size();
  last.records += records;
  bytes_ += frames.size();
  next_ += records;
  return Done{};
}

void WalSegments::finish(std::uint64_t record) {
  (void)sync();
  out_ = Descriptor();
  (void)confirm(record);
}

Status WalSegments::sync() {
  if (!out_ || ::fdatasync(out_.get()) == 0) return Done{};
  Error why{Errc::Io, std::string("the log can't be written: fsync: ") + std::strerror(errno)};
  out_ = Descriptor();  // what the kernel has thrown away it doesn't tell twice: go on with another file
  return why;
}

WalSegments::Position WalSegments::find(std::uint64_t record) const {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (record >= segment.first + segment.records) continue;
    Position at{segment.first, 0, i};
    const Descriptor file(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
    while (file && at.record < record) {
      const Result<std::string> bytes = read_frames(file.get(), at.offset, segment.end, 1 << 20);
      if (!bytes || bytes->empty()) break;
      std::string_view rest = *bytes;
      for (Frame frame = read_frame(rest); frame.state == Frame::State::Whole && at.record < record;
           frame = read_frame(rest)) {
        rest.remove_prefix(frame.size);
        at.offset += frame.size;
        ++at.record;
      }
    }
    return at;
  }
  return {next_, segments_.empty() ? 0 : segments_.back().end, segments_.empty() ? 0 : segments_.size() - 1};
}

Result<std::string> WalSegments::read(Position& at, std::size_t about) const {
  while (at.segment < segments_.size()) {
    const Segment& segment = segments_[at.segment];
    if (at.offset < segment.end) {
      const Descriptor file(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file) return failed(segment.path);
      return read_frames(file.get(), at.offset, segment.end, about);
    }
    if (at.segment + 1 == segments_.size()) break;
    ++at.segment;
    at.offset = 0;
    at.record = segments_[at.segment].first;
  }
  return std::string();
}

void WalSegments::drop_front() {
  const Segment& gone = segments_.front();
  std::error_code ignored;
  if (gone.corrupt)
    fs::rename(gone.path, fs::path(gone.path).replace_extension(".corrupt"), ignored);
  else
    fs::remove(gone.path, ignored);
  bytes_ -= gone.end;
  segments_.pop_front();
}

std::size_t WalSegments::confirm(std::uint64_t record) {
  first_ = std::max(first_, record);
  if (Status noted = note(first_); !noted && !cramped_)
    log::error("the log's checkpoint can't be written", {{"reason", noted.error().message}});
  std::size_t dropped = 0;
  while (!segments_.empty() && segments_.front().first + segments_.front().records <= first_) {
    const bool written_to = segments_.size() == 1 && out_;
    if (written_to && !cramped_) break;
    if (written_to) out_ = Descriptor();
    drop_front();
    ++dropped;
  }
  if (dropped > 0 && std::exchange(cramped_, false)) (void)note(first_);
  return dropped;
}

/// Whole, or as it was.
Status WalSegments::note(std::uint64_t record) const {
  const fs::path path = directory_ / checkpoint;
  const fs::path fresh = directory_ / (std::string(checkpoint) + ".new");
  const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failed(fresh);
  if (Status ok = write_all(file.get(), std::to_string(record) + "\n"); !ok) return ok;
  if (::fdatasync(file.get()) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) return failed(fresh);
  return Done{};
}

}  // namespace kp::gateway
