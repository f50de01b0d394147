#include "net/stream.h"

#include <gtest/gtest.h>

#include "unit/net/stream_pair.h"

namespace kp::net {
namespace {

using test::bytes_of;
constexpr int small_buffer = 4096;
constexpr std::size_t large = 8 << 20;  // more than the kernel keeps for a reader that doesn't read

TEST_F(StreamTest, ReadsWhatThePeerSends) {
  connect();
  peer.send(bytes_of("abc"));
  Bytes into(10);

  const Result<std::size_t> got = test::run(loop, stream->read_some(into));

  ASSERT_TRUE(got) << got.error().message;
  into.resize(*got);
  EXPECT_EQ(into, bytes_of("abc"));
}

TEST_F(StreamTest, AnIpv4PeerAtAListenerForBothHasItsOwnAddress) {
  asio::ip::tcp::acceptor acceptor(loop.context(), {asio::ip::tcp::v6(), 0});
  const test::Socket client = test::Socket::connect(acceptor.local_endpoint().port(), "127.0.0.1");
  stream = std::make_unique<Stream>(acceptor.accept());
  EXPECT_EQ(stream->peer().host, "127.0.0.1");
}

TEST_F(StreamTest, TryReadGivesNothingWhenNothingIsThere) {
  connect();
  Bytes into(10);
  const Result<std::size_t> got = stream->try_read(into);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, 0U);
}

TEST_F(StreamTest, WritesEveryByteToASlowReader) {
  connect(small_buffer);
  const Bytes sent = numbered(large);
  auto written = test::spawn(loop, stream->write_all(sent));

  const Bytes received = peer.receive(large);

  EXPECT_TRUE(test::await(std::move(written)));
  EXPECT_TRUE(received == sent);
}

TEST_F(StreamTest, CancelEndsAWaitingReadAndAWaitingWrite) {
  connect(small_buffer);
  const Bytes sent(large);
  Bytes into(10);
  auto written = test::spawn(loop, stream->write_all(sent));
  auto got = test::spawn(loop, stream->read_some(into));

  cancel();

  const Status write = test::await(std::move(written));
  const Result<std::size_t> read = test::await(std::move(got));
  EXPECT_TRUE(!write && write.error().code == Errc::Timeout);
  EXPECT_TRUE(!read && read.error().code == Errc::Timeout);
}

TEST_F(StreamTest, CancelAlsoEndsWaitsThatComeLater) {
  connect();
  cancel();
  Bytes into(10);
  const Result<std::size_t> got = test::run(loop, stream->read_some(into));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Timeout);
}

TEST_F(StreamTest, WaitsWorkAgainAfterUncancel) {
  connect();
  cancel();
  test::on_loop(loop, [this] {
    stream->uncancel();
    return true;
  });
  Bytes into(10);
  auto got = test::spawn(loop, stream->read_some(into));
  peer.send(bytes_of("x"));
  EXPECT_TRUE(test::await(std::move(got)));
}

TEST_F(StreamTest, ThePeersEndIsEof) {
  connect();
  peer.shutdown_write();
  Bytes into(10);
  const Result<std::size_t> got = test::run(loop, stream->read_some(into));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Eof);
}

TEST_F(StreamTest, AResetIsEof) {
  connect();
  peer.reset();
  Bytes into(10);
  const Result<std::size_t> got = test::run(loop, stream->read_some(into));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Eof);
}

TEST_F(StreamTest, AWriteThatIsResetFails) {
  connect(small_buffer);
  const Bytes sent(large);
  auto written = test::spawn(loop, stream->write_all(sent));
  peer.reset();
  const Status outcome = test::await(std::move(written));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::Eof);
}

TEST_F(StreamTest, AfterCloseNothingIsReadOrWritten) {
  connect();
  test::on_loop(loop, [this] {
    stream->close();
    return true;
  });
  Bytes into(10);
  const Status written = test::run(loop, stream->write_all(into));
  EXPECT_TRUE(!stream->try_read(into) && !written);
}

TEST_F(StreamTest, PeekLeavesTheBytes) {
  connect();
  peer.send(bytes_of("abc"));
  Bytes first(10);
  const Result<std::size_t> peeked = test::run(loop, stream->peek(first));
  Bytes into(10);

  const Result<std::size_t> got = test::run(loop, stream->read_some(into));

  ASSERT_TRUE(peeked && got);
  EXPECT_EQ(into, first);
}

TEST_F(StreamTest, PeekOfAPeerThatClosedIsNoBytes) {
  connect();
  peer.close();
  Bytes first(10);
  const Result<std::size_t> peeked = test::run(loop, stream->peek(first));
  ASSERT_TRUE(peeked) << peeked.error().message;
  EXPECT_EQ(*peeked, 0U);
}

Task<void> write_and_linger(Stream* stream, Bytes bytes) {
  const Status written = co_await stream->write_all(bytes);
  (void)written;
  co_await stream->linger();
}

TEST_F(StreamTest, LingerDeliversTheLastBytesAlthoughThePeerSentMore) {
  connect();
  peer.send(numbered(100'000));  // nobody reads it: a plain close would reset
  auto left = test::spawn(loop, write_and_linger(stream.get(), bytes_of("last words")));

  const Bytes received = peer.receive_to_end();
  peer.close();

  test::await(std::move(left));
  EXPECT_EQ(received, bytes_of("last words"));
}

TEST_F(StreamTest, LingerDeliversTheLastBytesToAPeerWhoseEndWasRead) {
  connect();
  peer.shutdown_write();
  Bytes into(10);
  ASSERT_FALSE(test::run(loop, stream->read_some(into)));
  test::await(test::spawn(loop, write_and_linger(stream.get(), bytes_of("last words"))));
  EXPECT_EQ(peer.receive_to_end(), bytes_of("last words"));
  EXPECT_FALSE(peer.was_reset());
}

TEST_F(StreamTest, LingerEndsOnceThePeerDoes) {
  connect();
  auto left = test::spawn(loop, stream->linger());
  peer.close();
  EXPECT_TRUE(test::await(std::move(left)));
}

TEST_F(StreamTest, LingerEndsByCancel) {
  connect();
  auto left = test::spawn(loop, stream->linger());
  cancel();
  EXPECT_TRUE(test::await(std::move(left)));
}

TEST_F(StreamTest, LingerEndsAtAPeerThatSendsWithoutEnd) {
  connect();
  auto left = test::spawn(loop, stream->linger());
  const Bytes more = numbered(1 << 16);
  while (peer.send(more)) continue;  // until it is cut off
  EXPECT_TRUE(test::await(std::move(left)));
}

TEST_F(StreamTest, KnowsItsPeer) {
  connect();
  EXPECT_EQ(stream->peer(), (HostPort{"127.0.0.1", peer.local_port()}));
}

TEST_F(StreamTest, AConnectionToAnotherHasArrived) {
  connect();
  EXPECT_TRUE(test::await(test::spawn(loop, stream->connected())));
}

TEST_F(StreamTest, AConnectionThatBeginsReadsWhatCameBeforeItLooked) {
  const test::ListeningSocket listening;
  Result<Stream> made = Stream::connecting(loop.context(), {asio::ip::address_v4::loopback(), listening.port()});
  ASSERT_TRUE(made) << made.error().message;
  stream = std::make_unique<Stream>(std::move(*made));
  peer = listening.accept();
  peer.send(bytes_of("abc"));
  ASSERT_TRUE(test::run(loop, stream->connected()));
  Bytes into(10);

  const Result<std::size_t> got = test::run(loop, stream->read_some(into));

  ASSERT_TRUE(got) << got.error().message;
  into.resize(*got);
  EXPECT_EQ(into, bytes_of("abc"));
}

TEST_F(StreamTest, AConnectionThatNobodyTakesIsAnError) {
  const asio::ip::tcp::endpoint nobody(asio::ip::address_v4::loopback(), test::free_ports());
  Result<Stream> made = Stream::connecting(loop.context(), nobody);
  ASSERT_TRUE(made) << made.error().message;
  stream = std::make_unique<Stream>(std::move(*made));

  const Status arrived = test::await(test::spawn(loop, stream->connected()));

  ASSERT_FALSE(arrived);
  EXPECT_EQ(arrived.error().code, Errc::Io);
  EXPECT_EQ(arrived.error().message, "Connection refused");
}

TEST_F(StreamTest, NoticesAConnectionToItself) {
  // Given a socket that is bound where it connects to
  asio::ip::tcp::socket socket(loop.context());
  const asio::ip::tcp::endpoint here(asio::ip::address_v4::loopback(), test::free_ports());
  socket.open(here.protocol());
  socket.bind(here);
  socket.connect(here);

  stream = std::make_unique<Stream>(std::move(socket));

  const Status arrived = test::await(test::spawn(loop, stream->connected()));
  ASSERT_FALSE(arrived);
  EXPECT_EQ(arrived.error().message, "the connection led back to itself, nothing listens there");
}

}  // namespace
}  // namespace kp::net
