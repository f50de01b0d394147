#include "proxy/handover.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>

#include "base/log.h"
#include "base/thread.h"

namespace kp::proxy {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds answer_limit{5'000};
constexpr milliseconds start_limit{120'000};  ///< for the successor to load its configuration and learn the brokers
constexpr std::size_t max_message = 512;
constexpr std::size_t max_ports = 20'000;
constexpr std::string_view take = "take 1";

Error system_error(std::string_view what) {
  return {Errc::Io, "handover: " + std::string(what) + ": " + std::strerror(errno)};
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Error{Errc::Io, "handover: " + path + ": a socket's path has 1 to 107 bytes"};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

struct Message {
  std::string text;
  Descriptor socket;
};

Status send(const Descriptor& to, std::string text, int socket = -1) {
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (socket >= 0) {
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &socket, sizeof socket);
  }
  pollfd writable{to.get(), POLLOUT, 0};
  if (::poll(&writable, 1, static_cast<int>(answer_limit.count())) <= 0)
    return Error{Errc::Timeout, "handover: the other process doesn't take its messages"};
  if (::sendmsg(to.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return system_error("send");
  return Done{};
}

/// `wake` readable ends the wait: Draining.
Result<Message> receive(const Descriptor& from, milliseconds limit, const Descriptor& wake = Descriptor()) {
  std::array<pollfd, 2> ready{pollfd{from.get(), POLLIN, 0}, pollfd{wake.get(), POLLIN, 0}};
  if (::poll(ready.data(), ready.size(), static_cast<int>(limit.count())) <= 0)
    return Error{Errc::Timeout, "handover: the other process says nothing"};
  if (ready[1].revents != 0) return Error{Errc::Draining, "handover: the process ends"};
  Message got;
  got.text.resize(max_message);
  iovec part{got.text.data(), got.text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = CMSG_LEN(sizeof(int));  // room for one, not for a second in the padding
  const ssize_t size = ::recvmsg(from.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return system_error("receive");
  if (const cmsghdr* const head = CMSG_FIRSTHDR(&message); head != nullptr && head->cmsg_type == SCM_RIGHTS) {
    int socket = -1;
    std::memcpy(&socket, CMSG_DATA(head), sizeof socket);
    got.socket = Descriptor(socket);
  }
  if (size == 0) return Error{Errc::Eof, "handover: the other process has ended"};
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return Error{Errc::Malformed, "handover: a message of another program"};
  got.text.resize(static_cast<std::size_t>(size));
  return got;
}

/// Same user, or root.
Status trusted(const Descriptor& peer) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return system_error("peer");
  if (who.uid == 0 || who.uid == ::geteuid()) return Done{};
  return Error{Errc::Unauthorized, fmt::format("handover: process {} is another user's", who.pid)};
}

std::string describe(const HandedPort& port) {
  const Route route = port.route.value_or(Route{});
  return fmt::format("port {} {} {} {}", port.route ? static_cast<int>(route.to) : -1, route.slot, route.broker,
                     to_string(port.asked));
}

Result<HandedPort> understand(Message message) {
  std::istringstream words(message.text);
  std::string word;
  std::string address;
  int to = 0;
  Route route;
  words >> word >> to >> route.slot >> route.broker >> address;
  const Result<HostPort> asked = parse_host_port(address, true);
  int listens = 0;
  socklen_t size = sizeof listens;
  const bool socket = message.socket &&
                      ::getsockopt(message.socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
                      listens == 1;
  if (!words || word != "port" || to > static_cast<int>(Route::To::ServerName) || !asked || !socket)
    return Error{Errc::Malformed, "handover: not a port: " + message.text};
  HandedPort port{.asked = *asked, .route = {}, .socket = std::move(message.socket)};
  route.to = static_cast<Route::To>(std::max(to, 0));
  if (to >= 0) port.route = route;
  return port;
}

Result<HandedBroker> understand_broker(const std::string& text) {
  std::istringstream words(text);
  std::string word;
  std::string address;
  HandedBroker broker;
  words >> word >> broker.id >> address;
  Result<HostPort> upstream = parse_host_port(address);
  if (!words || broker.id < 0 || !upstream) return Error{Errc::Malformed, "handover: not a broker: " + text};
  broker.upstream = std::move(*upstream);
  return broker;
}

}  // namespace

Result<std::unique_ptr<HandoverServer>> HandoverServer::start(const std::string& path, Inherit inheritance,
                                                              std::function<void()> leave) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return address.error();
  struct stat found{};
  if (::lstat(path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode))
    return Error{Errc::Io, "handover: " + path + ": there is something else than a socket"};
  std::unique_ptr<HandoverServer> made(new HandoverServer);
  made->path_ = path;
  made->inheritance_ = std::move(inheritance);
  made->leave_ = std::move(leave);
  made->wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  made->listening_ = Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int socket = made->listening_.get();
  ::unlink(path.c_str());  // of a process that is gone, or that leaves
  // The mode of the socket becomes the file's: nobody else connects even for a moment.
  if (socket < 0 || !made->wake_ || ::fchmod(socket, S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 || ::listen(socket, 4) != 0)
    return system_error(path);
  made->thread_ = thread_without_signals([self = made.get()] { self->run(); });
  return made;
}

HandoverServer::~HandoverServer() {
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  if (!handed_over_) ::unlink(path_.c_str());
}

void HandoverServer::run() {
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{listening_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    const Descriptor successor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!successor || !hand_over(successor)) continue;
    handed_over_ = true;
    leave_();
    return;
  }
}

/// True: another process serves now, and has been told that this one goes.
bool HandoverServer::hand_over(const Descriptor& successor) {
  const auto refused = [](const Error& why) {
    log::warn("handover came to nothing, this process goes on", {{"reason", why.message}});
    return false;
  };
  if (Status ok = trusted(successor); !ok) return refused(ok.error());
  Result<Message> asked = receive(successor, answer_limit, wake_);
  if (!asked) return refused(asked.error());
  if (asked->text != take) return refused(Error{Errc::Unsupported, "handover: asked for '" + asked->text + "'"});
  const Inheritance all = inheritance_();
  for (const HandedPort& port : all.ports)
    if (Status sent = send(successor, describe(port), port.socket.get()); !sent) return refused(sent.error());
  for (const HandedBroker& broker : all.brokers)
    if (Status sent = send(successor, fmt::format("broker {} {}", broker.id, to_string(broker.upstream))); !sent)
      return refused(sent.error());
  if (Status sent = send(successor, "end"); !sent) return refused(sent.error());
  Result<Message> done = receive(successor, start_limit, wake_);
  if (!done) return refused(done.error());
  if (done->text != "serving") return refused(Error{Errc::Malformed, "handover: heard '" + done->text + "'"});
  log::info("another process has taken over", {});
  (void)send(successor, "leaving");
  return true;
}

Result<std::optional<Takeover>> Takeover::begin(const std::string& path) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return address.error();
  Takeover made;
  made.predecessor_ = Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!made.predecessor_) return system_error("socket");
  if (::connect(made.predecessor_.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::optional<Takeover>();
    return system_error(path);
  }
  if (Status ok = trusted(made.predecessor_); !ok) return std::move(ok).error();
  if (Status sent = send(made.predecessor_, std::string(take)); !sent) return std::move(sent).error();
  for (;;) {
    Result<Message> message = receive(made.predecessor_, answer_limit);
    if (!message) return std::move(message).error();
    if (message->text == "end") return std::optional<Takeover>(std::move(made));
    if (made.inheritance.ports.size() + made.inheritance.brokers.size() >= max_ports)
      return Error{Errc::Malformed, "handover: ports without end"};
    if (message->text.starts_with("broker ")) {
      Result<HandedBroker> broker = understand_broker(message->text);
      if (!broker) return std::move(broker).error();
      made.inheritance.brokers.push_back(std::move(*broker));
      continue;
    }
    Result<HandedPort> port = understand(std::move(*message));
    if (!port) return std::move(port).error();
    made.inheritance.ports.push_back(std::move(*port));
  }
}

Status Takeover::finish() {
  // One that has ended meanwhile has left all to this process.
  if (Status sent = send(predecessor_, "serving"); !sent && errno != EPIPE && errno != ECONNRESET) return sent;
  Result<Message> answer = receive(predecessor_, answer_limit);
  if (!answer && (answer.error().code == Errc::Eof || errno == ECONNRESET)) return Done{};
  if (!answer) return std::move(answer).error();
  predecessor_ = Descriptor();
  if (answer->text != "leaving") return Error{Errc::Malformed, "handover: heard '" + answer->text + "'"};
  return Done{};
}

}  // namespace kp::proxy
