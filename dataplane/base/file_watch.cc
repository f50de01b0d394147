#include "base/file_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/descriptor.h"
#include "base/link_chain.h"
#include "base/log.h"
#include "base/thread.h"

namespace kp {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto never = Clock::time_point::max();
constexpr auto told_after = std::chrono::seconds(10);  // a writer that long is worth a line

constexpr std::uint32_t content = IN_MODIFY | IN_CLOSE_WRITE;
constexpr std::uint32_t itself = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_MASK_ADD;
constexpr std::uint32_t a_file = itself | content | IN_DONT_FOLLOW;
/// IN_EXCL_UNLINK: a file that was replaced no longer speaks in the name of its successor.
constexpr std::uint32_t a_directory =
    itself | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK;

std::string reason(int error) { return std::generic_category().message(error); }

/// What inotify is to be asked for, by path.
struct Need {
  std::uint32_t mask = 0;
  std::set<std::string, std::less<>> names;  ///< of a directory's entries; "" is what the path itself names

  bool operator==(const Need&) const = default;
};
using Needs = std::map<std::string, Need>;

Needs needs_of(const std::set<std::string>& paths) {
  Needs needs;
  for (const std::string& path : paths) {
    for (const Link& link : link_chain(path)) {
      Need& directory = needs[link.directory];
      directory.mask |= a_directory;
      // Where only directories are of interest, writes to the files beside them needn't wake us.
      if (link.kind != Link::Kind::Directory) directory.mask |= content;
      directory.names.insert({std::string(), link.name});
      // A file that is mounted by itself changes without an event in the directory that we see.
      if (link.kind == Link::Kind::File) needs[link.path()] = Need{a_file, {std::string()}};
    }
  }
  return needs;
}

/// The inotify side: what is watched, and what of it is being written. One thread.
class Watches {
 public:
  explicit Watches(Descriptor inotify) : inotify_(std::move(inotify)) {}
  int descriptor() const { return inotify_.get(); }

  /// True: one of the paths is new.
  bool replace(std::vector<std::string> paths);
  /// Takes what has happened so far, and sets the watches anew where names lead elsewhere. True: something happened.
  bool update();
  /// The walk was overtaken again and again: update() once more soon.
  bool unsettled() const { return stale_; }
  bool being_written() const;
  /// Logs each file once that has been held open for too long. Returns when to ask again.
  Clock::time_point tell_of_writers(Clock::time_point now);

 private:
  struct Watch {
    std::string path;
    std::set<std::string, std::less<>> names;                         ///< as in Need
    std::map<std::string, Clock::time_point, std::less<>> writing{};  ///< names modified and not closed, since when
    std::uint64_t walk = 0;                                           ///< the last one that needed it
  };

  void read();
  void take(const inotify_event& event);
  void arm();
  enum class Set : std::uint8_t { Known, Fresh, Gone };  ///< Gone: the path isn't what the walk saw
  Set set(const std::string& path, const Need& need);
  void drop_unneeded();
  void cannot(const std::string& path, int error);

  const Descriptor inotify_;
  std::set<std::string> paths_;
  std::map<int, Watch> watches_;  ///< by watch descriptor; the kernel doesn't use a number again
  std::uint64_t walk_ = 0;
  bool changed_ = false;
  bool stale_ = false;             ///< names may lead elsewhere now
  std::set<std::string> held_;     ///< files told of as held open
  std::set<std::string> refused_;  ///< paths told of as impossible to watch
  bool at_limit_ = false;          ///< told of
};

bool Watches::replace(std::vector<std::string> paths) {
  std::set<std::string> wanted(std::make_move_iterator(paths.begin()), std::make_move_iterator(paths.end()));
  const bool any_new = !std::includes(paths_.begin(), paths_.end(), wanted.begin(), wanted.end());
  paths_ = std::move(wanted);
  arm();
  return any_new;
}

bool Watches::update() {
  read();
  if (stale_) {
    changed_ = true;
    arm();
  }
  return std::exchange(changed_, false);
}

/// Everything that is queued by now and nothing that comes later, so that a busy neighbour can't hold us here.
void Watches::read() {
  int queued = 0;
  if (::ioctl(inotify_.get(), FIONREAD, &queued) != 0 || queued <= 0) return;
  std::vector<char> buffer(static_cast<std::size_t>(queued));
  const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
  for (ssize_t at = 0; at < got;) {
    // The kernel pads names so that every event is aligned.
    const auto* const event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    take(*event);
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
}

void Watches::take(const inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {  // anything may have happened
    for (auto& [number, watch] : watches_) watch.writing.clear();
    stale_ = true;
    return;
  }
  const auto found = watches_.find(event.wd);
  if (found == watches_.end()) return;
  if ((event.mask & IN_IGNORED) != 0) {  // deleted or unmounted: the kernel has dropped it
    watches_.erase(found);
    stale_ = true;
    return;
  }
  Watch& watch = found->second;
  const std::string name = event.len > 0 ? event.name : "";
  if (!watch.names.contains(name)) return;

  changed_ = true;
  if ((event.mask & IN_MODIFY) != 0) watch.writing.try_emplace(name, Clock::now());
  if ((event.mask & IN_CLOSE_WRITE) != 0) watch.writing.erase(name);
  if ((event.mask & content) != 0) return;
  stale_ = true;
  if ((event.mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0) watch.writing.erase(name);
  // Who creates a file will write it; one that is linked here comes complete.
  struct stat made{};
  if ((event.mask & IN_CREATE) != 0 && ::lstat((watch.path + "/" + name).c_str(), &made) == 0 &&
      S_ISREG(made.st_mode) && made.st_size == 0)
    watch.writing.try_emplace(name, Clock::now());
}

/// Walks and sets watches until a walk needs no watch that wasn't set before it began: what happens after that walk is
/// an event. What happened before needs none, because whoever arms makes a call afterwards.
void Watches::arm() {
  Needs before;
  stale_ = true;
  for (int round = 0; round < 40 && stale_; ++round) {
    ++walk_;
    Needs needs = needs_of(paths_);
    bool fresh = false;
    bool gone = false;
    for (const auto& [path, need] : needs) {
      const Set outcome = set(path, need);
      fresh = fresh || outcome == Set::Fresh;
      gone = gone || outcome == Set::Gone;
    }
    stale_ = fresh || (gone && needs != before);
    before = std::move(needs);
  }
  drop_unneeded();
}

Watches::Set Watches::set(const std::string& path, const Need& need) {
  const int number = ::inotify_add_watch(inotify_.get(), path.c_str(), need.mask);
  if (number < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Set::Gone;
    cannot(path, errno);
    return Set::Known;
  }
  const auto [entry, made] = watches_.try_emplace(number);
  Watch& watch = entry->second;
  if (std::exchange(watch.walk, walk_) != walk_) watch.names.clear();
  watch.path = path;
  watch.names.insert(need.names.begin(), need.names.end());  // two paths can be one directory (bind mounts)
  return made ? Set::Fresh : Set::Known;
}

void Watches::drop_unneeded() {
  std::erase_if(watches_, [this](const auto& entry) {
    const auto& [number, watch] = entry;
    if (watch.walk != walk_) ::inotify_rm_watch(inotify_.get(), number);
    return watch.walk != walk_;
  });
  for (auto& [number, watch] : watches_)
    std::erase_if(watch.writing, [&names = watch.names](const auto& writer) { return !names.contains(writer.first); });
}

void Watches::cannot(const std::string& path, int error) {
  if (error == ENOSPC) {
    if (!std::exchange(at_limit_, true))
      log::warn("file changes go unnoticed: raise fs.inotify.max_user_watches; SIGHUP still reloads",
                {{"path", path}, {"why", "no inotify watches left"}});
  } else if (refused_.insert(path).second) {
    log::warn("file changes may go unnoticed; SIGHUP still reloads", {{"path", path}, {"why", reason(error)}});
  }
}

bool Watches::being_written() const {
  return std::any_of(watches_.begin(), watches_.end(), [](const auto& entry) { return !entry.second.writing.empty(); });
}

Clock::time_point Watches::tell_of_writers(Clock::time_point now) {
  Clock::time_point next = never;
  bool any = false;
  for (const auto& [number, watch] : watches_) {
    for (const auto& [name, since] : watch.writing) {
      any = true;
      const std::string path = name.empty() ? watch.path : watch.path + "/" + name;
      if (now < since + told_after)
        next = std::min(next, since + told_after);
      else if (held_.insert(path).second)
        log::warn("no reload while a file is held open for writing", {{"path", path}});
    }
  }
  if (!any) held_.clear();
  return next;
}

}  // namespace

/// The thread: when to call.
class FileWatch::Loop {
 public:
  Loop(Descriptor inotify, Descriptor wake, Changed changed, Timing timing)
      : wake_(std::move(wake)), changed_(std::move(changed)), timing_(timing), watches_(std::move(inotify)) {
    thread_ = thread_without_signals([this] { run(); });
  }
  ~Loop() {
    order([](Orders& orders) { orders.stop = true; });
    thread_.join();
  }

  struct Orders {
    std::optional<std::vector<std::string>> paths;
    std::optional<Clock::time_point> again;
    bool poke = false;
    bool stop = false;
  };
  bool disturbed() {
    if (watches_.update()) note_change();
    return first_change_.has_value();
  }
  template <class Add>
  void order(Add add) {
    const std::lock_guard lock(mutex_);
    add(orders_);
    ::eventfd_write(wake_.get(), 1);
  }

 private:
  void run();
  Orders take_orders();
  void note_change();
  void call();
  Clock::time_point due() const;
  void wait(Clock::time_point until) const;

  std::mutex mutex_;
  Orders orders_;  ///< under mutex_
  const Descriptor wake_;

  // All below: the thread's.
  const Changed changed_;
  const Timing timing_;
  Watches watches_;
  std::optional<Clock::time_point> first_change_;  ///< since the last call
  Clock::time_point last_change_;
  Clock::time_point again_ = never;
  std::thread thread_;
};

void FileWatch::Loop::run() {
  for (;;) {
    Orders orders = take_orders();
    if (orders.stop) return;
    if (orders.again) again_ = *orders.again;
    if (orders.paths && watches_.replace(*std::move(orders.paths))) note_change();
    if (watches_.update()) note_change();

    const auto now = Clock::now();
    if (orders.poke || now >= due()) {
      call();
      continue;
    }
    Clock::time_point until = std::min(due(), watches_.tell_of_writers(now));
    if (watches_.unsettled()) until = std::min(until, now + timing_.quiet);
    wait(until);
  }
}

FileWatch::Loop::Orders FileWatch::Loop::take_orders() {
  const std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  ::eventfd_read(wake_.get(), &count);
  return std::exchange(orders_, Orders{});
}

void FileWatch::Loop::note_change() {
  last_change_ = Clock::now();
  if (!first_change_) first_change_ = last_change_;
}

void FileWatch::Loop::call() {
  first_change_.reset();
  if (Clock::now() >= again_) again_ = never;
  changed_();
}

Clock::time_point FileWatch::Loop::due() const {
  if (watches_.being_written()) return never;
  if (!first_change_) return again_;
  return std::min({again_, last_change_ + timing_.quiet, *first_change_ + timing_.at_most});
}

void FileWatch::Loop::wait(Clock::time_point until) const {
  std::array<pollfd, 2> sources{pollfd{wake_.get(), POLLIN, 0}, pollfd{watches_.descriptor(), POLLIN, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  const auto limit = std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(0), std::chrono::hours(1));
  ::poll(sources.data(), sources.size(), static_cast<int>(limit.count()));
}

FileWatch::FileWatch(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
FileWatch::~FileWatch() = default;

Result<std::unique_ptr<FileWatch>> FileWatch::start(Changed changed, Timing timing) {
  Descriptor inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (inotify.get() < 0 && errno == EMFILE)
    return Error{Errc::Io, "inotify: raise fs.inotify.max_user_instances or the limit of open files"};
  if (inotify.get() < 0) return Error{Errc::Io, "inotify: " + reason(errno)};
  Descriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (wake.get() < 0) return Error{Errc::Io, "eventfd: " + reason(errno)};
  auto loop = std::make_unique<Loop>(std::move(inotify), std::move(wake), std::move(changed), timing);
  return std::unique_ptr<FileWatch>(new FileWatch(std::move(loop)));
}

void FileWatch::watch(std::vector<std::string> paths) {
  loop_->order([&paths](Loop::Orders& orders) { orders.paths = std::move(paths); });
}

void FileWatch::poke() {
  loop_->order([](Loop::Orders& orders) { orders.poke = true; });
}

bool FileWatch::disturbed() { return loop_->disturbed(); }

void FileWatch::again_after(std::chrono::milliseconds delay) {
  const auto at = delay.count() > 0 ? Clock::now() + delay : never;
  loop_->order([at](Loop::Orders& orders) { orders.again = at; });
}

}  // namespace kp
