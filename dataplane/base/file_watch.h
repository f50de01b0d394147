#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kp {

/// Tells when what stands behind some file names may have changed: by plain writes, by renames (editors), by symlinks
/// that are swapped anywhere on the way (a ConfigMap or Secret in a pod: config.yaml -> ..data/config.yaml, and
/// ..data -> ..2026_11_21 is replaced by a rename). It doesn't compare contents: that is the caller's.
///
/// A file that is being written (modified, not closed since) is never taken: as long as one is, no call is made, and
/// after ten seconds a line of the log says which. truncate(2) opens nothing, so it looks like a writer that never
/// closes; the next plain write or rename ends that.
/// Changes of which the kernel tells nobody (made by another machine on a network file system, or by mounting) need
/// poke().
class FileWatch {
 public:
  struct Timing {
    std::chrono::milliseconds quiet{25};     ///< a call comes when nothing has happened for so long,
    std::chrono::milliseconds at_most{500};  ///< but no later than this after the first change
  };
  /// Called on the watch's own thread, never twice at once. What happens while it runs causes another call.
  using Changed = std::function<void()>;

  /// Watches nothing yet. The error, Io, says which limit of the system is to be raised.
  static Result<std::unique_ptr<FileWatch>> start(Changed changed, Timing timing);
  static Result<std::unique_ptr<FileWatch>> start(Changed changed) { return start(std::move(changed), Timing{}); }

  /// Waits for a call that is under way, so never from within `changed`.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // All of these: any thread, also from within `changed`.

  /// Replaces what is watched. The files needn't exist; relative paths begin at the working directory. A path that is
  /// new to the watch causes a call: it may have changed since the caller read it.
  void watch(std::vector<std::string> paths);

  /// A call at once, even if nothing has changed, and even if a file is being written.
  void poke();

  /// From within `changed` alone: has anything happened since it was called? What it has read may be of two times then;
  /// another call comes.
  bool disturbed();

  /// A call after `delay`, even if nothing changes until then (but not while a file is being written). Calls for other
  /// reasons don't end it, a later again_after replaces it; zero: none.
  void again_after(std::chrono::milliseconds delay);

 private:
  class Loop;
  explicit FileWatch(std::unique_ptr<Loop> loop);

  const std::unique_ptr<Loop> loop_;
};

}  // namespace kp
