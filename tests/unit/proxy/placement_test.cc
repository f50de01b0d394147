#include "proxy/placement.h"

#include <gtest/gtest.h>

namespace kp::proxy {
namespace {

config::Config with(config::BrokerMapping mapping) {
  config::Config config;
  config.broker_mapping = std::move(mapping);
  return config;
}

TEST(PortOffset, ABrokerIsAtBaseTwentyAndItsId) {
  const Placement placement(with(config::PortOffsetMapping{.hostname = "kafka.example.com", .base = 9092}));
  const auto place = placement.place(4, {"broker-4", 9092});
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->advertised, (HostPort{"kafka.example.com", 9116}));
  EXPECT_EQ(place->listen, (HostPort{"0.0.0.0", 9116}));
}

TEST(PortOffset, IdsOutOfRangeAreRefusedWithTheRemedy) {
  const Placement placement(with(config::PortOffsetMapping{.hostname = "kafka", .base = 9092, .max_broker_id = 10}));
  EXPECT_TRUE(placement.place(10, {"b", 1}));
  for (const BrokerId id : {-1, 11, 2'000'000'000}) {
    const auto refused = placement.place(id, {"b", 1});
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().code, Errc::Invalid);
  }
  EXPECT_NE(placement.place(11, {"b", 1}).error().message.find("max_broker_id 10: raise it"), std::string::npos);
}

TEST(Sni, TheNameComesFromPatternTemplateAndId) {
  const Placement placement(with(config::SniMapping{.bind_port = 9092,
                                                    .advertised_port = 443,
                                                    .upstream = R"(^(\w+)-\d+\.(\w+)\.internal$)",
                                                    .downstream = "<$1><$id>.<$2>.Example.com"}));
  const auto place = placement.place(7, {"kafka-0.east.internal", 9093});
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->advertised, (HostPort{"kafka7.east.example.com", 443}));
  EXPECT_FALSE(place->listen);
}

TEST(Sni, AHostThatDoesNotMatchIsRefused) {
  const Placement placement(with(config::SniMapping{9092, 0, "^a", "b<$id>.x"}));
  EXPECT_FALSE(placement.place(1, {"kafka", 9092}));
}

TEST(Sni, ATemplateThatGivesNoHostNameIsRefused) {
  const Placement placement(with(config::SniMapping{9092, 0, ".*", "<$x>-<$id>"}));
  EXPECT_FALSE(placement.place(1, {"kafka", 9092}));
}

TEST(Dynamic, AMappingsOwnAddressNeedsNoFurtherListener) {
  config::DynamicMapping mapping;
  mapping.bootstrap = {{{"kafka-0", 9092}, {"0.0.0.0", 32400}, {"proxy", 32400}}};
  mapping.external = {{{"kafka-9", 9092}, {"elsewhere", 1234}}};
  const Placement placement(with(mapping));
  EXPECT_EQ(*placement.place(5, {"kafka-0", 9092}), (Place{.advertised = {"proxy", 32400}, .listen = std::nullopt}));
  EXPECT_EQ(*placement.place(9, {"kafka-9", 9092}), (Place{.advertised = {"elsewhere", 1234}, .listen = std::nullopt}));
}

TEST(Dynamic, ListenersAreRandomSequentialOrDeterministic) {
  config::DynamicMapping mapping;
  mapping.bootstrap = {{{"kafka-0", 9092}, {"0.0.0.0", 32400}, {"proxy", 32400}}};
  const auto random = Placement(with(mapping)).place(3, {"b", 1});
  mapping.min_port = 32500;
  mapping.max_ports = 10;
  const auto sequential = Placement(with(mapping)).place(3, {"b", 1});
  mapping.max_ports = 0;
  mapping.deterministic = true;
  const auto deterministic = Placement(with(mapping)).place(3, {"b", 1});
  EXPECT_EQ(*random, (Place{.advertised = {"proxy", 0}, .listen = HostPort{"0.0.0.0", 0}}));
  EXPECT_EQ(*sequential, (Place{.advertised = {"proxy", 0}, .listen = HostPort{"0.0.0.0", 32500}, .ports = 10}));
  EXPECT_EQ(*deterministic, (Place{.advertised = {"proxy", 0}, .listen = HostPort{"0.0.0.0", 32503}}));
}

TEST(Dynamic, TheAdvertisedListenerMayNameTheBroker) {
  config::DynamicMapping mapping;
  mapping.advertised_listener = "b{{.brokerId}}.example.com";
  EXPECT_EQ(Placement(with(mapping)).place(3, {"b", 1})->advertised, (HostPort{"b3.example.com", 0}));
  mapping.advertised_listener = "b{{.brokerId}}.example.com:443";
  EXPECT_EQ(Placement(with(mapping)).place(3, {"b", 1})->advertised, (HostPort{"b3.example.com", 443}));
}

TEST(Dynamic, AnIpv6ListenerIsBoundAndAdvertised) {
  config::DynamicMapping mapping;
  mapping.listener_ip = "2001:db8::1";
  EXPECT_EQ(*Placement(with(mapping)).place(3, {"b", 1}),
            (Place{.advertised = {"2001:db8::1", 0}, .listen = HostPort{"2001:db8::1", 0}}));
}

TEST(Dynamic, AnIdBeyondTheLastPortIsRefused) {
  config::DynamicMapping mapping;
  mapping.min_port = 65000;
  mapping.deterministic = true;
  EXPECT_TRUE(Placement(with(mapping)).place(535, {"b", 1}));
  EXPECT_FALSE(Placement(with(mapping)).place(536, {"b", 1}));
}

TEST(Dynamic, WithoutListenersAnUnmappedBrokerIsRefused) {
  config::DynamicMapping mapping;
  mapping.listeners = false;
  const auto refused = Placement(with(mapping)).place(3, {"b", 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::Unsupported);
}

}  // namespace
}  // namespace kp::proxy
