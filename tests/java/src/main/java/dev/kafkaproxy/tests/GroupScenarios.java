package dev.kafkaproxy.tests;

import static dev.kafkaproxy.tests.Context.check;
import static dev.kafkaproxy.tests.Context.get;
import static dev.kafkaproxy.tests.Context.ok;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Consumer groups, by the classic protocol and by that of KIP-848; the checks are the same. */
final class GroupScenarios {
  private static final int FIRST = 300;
  private static final int SECOND = 60;

  private GroupScenarios() {}

  /** A member of the group: its consumer and what it has read. Everything happens on the scenario's thread. */
  private static final class Member implements AutoCloseable {
    final Consumer<byte[], byte[]> consumer;
    final List<String> read = new ArrayList<>();

    Member(Context context, String group, String protocol, String topic) {
      Map<String, Object> settings = new TreeMap<>(Map.of("group.id", group, "group.protocol", protocol));
      if (protocol.equals("classic")) {
        settings.putAll(Map.of("session.timeout.ms", "10000", "heartbeat.interval.ms", "300"));
      }
      consumer = context.consumer(settings);
      consumer.subscribe(List.of(topic));
    }

    Set<TopicPartition> poll() {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
        read.add(new String(record.value()));
      }
      return consumer.assignment();
    }

    @Override
    public void close() {
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(10)));
    }
  }

  static void group(Context context, String protocol) throws Exception {
    String topic = context.topic("group-" + protocol);
    String group = context.name("group-" + protocol);
    context.produce(topic, 0, FIRST);
    twoMembers(context, protocol, topic, group);
    describe(context, protocol, group);
    resume(context, protocol, topic, group);
  }

  private static void twoMembers(Context context, String protocol, String topic, String group) throws Exception {
    try (Member first = new Member(context, group, protocol, topic)) {
      Context.await("the only member to get all partitions", () -> first.poll().size() == Context.PARTITIONS);
      Context.await("the only member to read everything", () -> {
        first.poll();
        return first.read.size() >= FIRST;
      });
      first.consumer.commitSync();
      check(new HashSet<>(first.read).equals(values(0, FIRST)) && first.read.size() == FIRST,
          "read " + first.read.size());
      ok("one member read " + FIRST + " records and committed");

      try (Member second = new Member(context, group, protocol, topic)) {
        Context.await("both members to share the partitions", () -> shared(first.poll(), second.poll()));
        ok("a second member joined and the partitions were shared");

        context.produce(topic, FIRST, SECOND);
        Context.await("both members to read the rest", () -> {
          first.poll();
          second.poll();
          return first.read.size() + second.read.size() >= FIRST + SECOND;
        });
        first.consumer.commitSync();
        second.consumer.commitSync();
        List<String> all = new ArrayList<>(first.read);
        all.addAll(second.read);
        check(all.size() == FIRST + SECOND && new HashSet<>(all).equals(values(0, FIRST + SECOND)),
            "two members read " + all.size() + " records, some missing or twice");
        check(!second.read.isEmpty(), "the second member read nothing");
        ok("two members read " + SECOND + " more, each record once");
      }
      Context.await("the member that stayed to take over", () -> first.poll().size() == Context.PARTITIONS);
      ok("the second member left and the first took over");
    }
  }

  private static void describe(Context context, String protocol, String group) throws Exception {
    ConsumerGroupDescription described = get(context.admin().describeConsumerGroups(List.of(group)).all()).get(group);
    context.checkNode(described.coordinator());
    check(described.type().toString().equalsIgnoreCase(protocol), "group type is " + described.type());
    ok("described as a " + described.type() + " group");
  }

  private static void resume(Context context, String protocol, String topic, String group) throws Exception {
    context.produce(topic, FIRST + SECOND, SECOND);
    try (Member again = new Member(context, group, protocol, topic)) {
      Context.await("the restarted member to read on", () -> {
        again.poll();
        return again.read.size() >= SECOND;
      });
      again.poll();
      check(again.read.size() == SECOND && new HashSet<>(again.read).equals(values(FIRST + SECOND, SECOND)),
          "after the restart the member read " + again.read.size() + " records, from " + again.read.get(0));
      again.consumer.commitSync();
    }
    ok("a restarted member went on after the committed offsets");
  }

  private static boolean shared(Set<TopicPartition> one, Set<TopicPartition> other) {
    Set<TopicPartition> all = new HashSet<>(one);
    all.addAll(other);
    return !one.isEmpty() && !other.isEmpty() && all.size() == Context.PARTITIONS
        && one.size() + other.size() == Context.PARTITIONS;
  }

  private static Set<String> values(int from, int count) {
    String[] values = new String[count];
    for (int i = 0; i < count; i++) values[i] = "value-" + (from + i);
    return new HashSet<>(Arrays.asList(values));
  }
}
