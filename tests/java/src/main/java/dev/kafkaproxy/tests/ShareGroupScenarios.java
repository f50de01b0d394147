package dev.kafkaproxy.tests;

import static dev.kafkaproxy.tests.Context.check;
import static dev.kafkaproxy.tests.Context.get;
import static dev.kafkaproxy.tests.Context.ok;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Share groups (KIP-932): two consumers take records from the same partitions and acknowledge each one. */
final class ShareGroupScenarios {
  private static final int RECORDS = 200;

  /** Every so many-th record is given back at its first delivery. */
  private static final int RELEASED = 10;

  private ShareGroupScenarios() {}

  static void shareGroup(Context context) throws Exception {
    String topic = context.topic("share");
    String group = context.name("share");
    ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
    AlterConfigOp earliest =
        new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
    get(context.admin().incrementalAlterConfigs(Map.of(resource, List.of(earliest))).all());
    context.produce(topic, 0, RECORDS);

    Map<String, Integer> accepted = new HashMap<>();
    int[] perConsumer = new int[2];
    try (ShareConsumer<byte[], byte[]> first = consumer(context, group);
        ShareConsumer<byte[], byte[]> second = consumer(context, group)) {
      first.subscribe(List.of(topic));
      second.subscribe(List.of(topic));
      Context.await("all records accepted by two share consumers, not " + accepted.size(), () -> {
        perConsumer[0] += take(first, accepted);
        perConsumer[1] += take(second, accepted);
        return accepted.size() >= RECORDS;
      });
      check(take(first, accepted) + take(second, accepted) == 0, "a record came again after it was accepted");
    }
    check(accepted.values().stream().allMatch(n -> n == 1), "accepted more than once: " + accepted);
    check(perConsumer[0] > 0 && perConsumer[1] > 0,
        "one consumer got everything: " + perConsumer[0] + "+" + perConsumer[1]);
    ok("two share consumers accepted " + perConsumer[0] + " and " + perConsumer[1] + " records, each once");

    var described = get(context.admin().describeShareGroups(List.of(group)).all()).get(group);
    context.checkNode(described.coordinator());
    ok("described as share group");
  }

  private static ShareConsumer<byte[], byte[]> consumer(Context context, String group) {
    // Small fetches, so that one consumer can't take everything before the other has joined.
    Map<String, String> settings = Map.of("group.id", group, "share.acknowledgement.mode", "explicit",
        "max.poll.records", "10", "fetch.max.bytes", "500");
    return new KafkaShareConsumer<>(context.with(settings), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Returns how many it accepted; gives some back when they come for the first time. */
  private static int take(ShareConsumer<byte[], byte[]> consumer, Map<String, Integer> accepted) {
    int taken = 0;
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
      boolean release = record.offset() % RELEASED == 0 && record.deliveryCount().orElse((short) 1) == 1;
      consumer.acknowledge(record, release ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT);
      if (release)
        continue;
      accepted.merge(new String(record.value()), 1, Integer::sum);
      taken++;
    }
    consumer.commitSync().values().forEach(failure -> check(failure.isEmpty(), "acknowledge: " + failure));
    return taken;
  }
}
