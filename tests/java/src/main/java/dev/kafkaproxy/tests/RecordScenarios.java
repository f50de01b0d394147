package dev.kafkaproxy.tests;

import static dev.kafkaproxy.tests.Context.check;
import static dev.kafkaproxy.tests.Context.get;
import static dev.kafkaproxy.tests.Context.ok;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Records in and out, small and large. */
final class RecordScenarios {
  private static final int RECORDS = 1000;
  private static final int LARGE_RECORDS = 24;
  private static final int LARGE_BYTES = 512 * 1024;

  private RecordScenarios() {}

  static void produce(Context context) throws Exception {
    String topic = context.topic("records");
    try (Producer<byte[], byte[]> producer = context.producer(Map.of("acks", "all", "enable.idempotence", "true"))) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < RECORDS; i++) sent.add(producer.send(Context.record(topic, i)));
      for (int i = 0; i < RECORDS; i++) {
        RecordMetadata acked = get(sent.get(i));
        check(acked.hasOffset() && acked.offset() == i / Context.PARTITIONS,
            "record " + i + " was acknowledged with " + acked + " instead of offset " + i / Context.PARTITIONS);
      }
      context.checkLeaders(producer.partitionsFor(topic));
    }
    ok(RECORDS + " records, each acknowledged with its offset");
  }

  /** Reads what `produce` of the same topic prefix wrote; in a run without it, writes that first. */
  static void consume(Context context) throws Exception {
    String topic = context.name("records");
    if (!get(context.admin().listTopics().names()).contains(topic))
      produce(context);
    try (Consumer<byte[], byte[]> consumer = context.consumer(Map.of())) {
      context.checkLeaders(consumer.partitionsFor(topic));
      List<ConsumerRecord<byte[], byte[]>> all = readToEnd(context, consumer, topic, RECORDS);
      int[] next = {0, 1, 2};
      for (ConsumerRecord<byte[], byte[]> record : all) {
        int i = next[record.partition()];
        next[record.partition()] += Context.PARTITIONS;
        check(new String(record.value()).equals("value-" + i) && new String(record.key()).equals("key-" + i),
            "expected record " + i + " next in partition " + record.partition() + ", got "
                + new String(record.value()));
      }
    }
    ok(RECORDS + " records read once each, in order in every partition");
  }

  /** Requests and responses of several MB, as a fetch after a pause makes them. */
  static void large(Context context) throws Exception {
    String topic = context.topic("large");
    byte[][] values = new byte[LARGE_RECORDS][LARGE_BYTES];
    for (int i = 0; i < LARGE_RECORDS; i++) new Random(i).nextBytes(values[i]);
    Map<String, String> wide =
        Map.of("acks", "all", "batch.size", "900000", "linger.ms", "20", "max.request.size", "1000000");
    try (Producer<byte[], byte[]> producer = context.producer(wide)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < LARGE_RECORDS; i++)
        sent.add(producer.send(new ProducerRecord<>(topic, i % 3, null, values[i])));
      for (Future<RecordMetadata> one : sent) get(one);
    }
    Map<String, String> greedy =
        Map.of("max.partition.fetch.bytes", "8388608", "fetch.max.bytes", "25165824", "fetch.min.bytes", "4000000");
    try (Consumer<byte[], byte[]> consumer = context.consumer(greedy)) {
      for (ConsumerRecord<byte[], byte[]> record : readToEnd(context, consumer, topic, LARGE_RECORDS)) {
        int i = (int) record.offset() * Context.PARTITIONS + record.partition();
        check(Arrays.equals(record.value(), values[i]), "large record " + i + " came back changed");
      }
    }
    ok(LARGE_RECORDS + " records of " + LARGE_BYTES + " bytes came back unchanged");
  }

  /** A request with acks=0 gets no response; those before and after it on the same connection do. */
  static void acks(Context context) throws Exception {
    String topic = context.topic("acks");
    // First with acknowledgement: a broker that has not yet heard of its new partition would drop what acks=0 brings.
    for (String acks : List.of("all", "0", "1", "0")) {
      Map<String, String> settings = Map.of("acks", acks, "enable.idempotence", "false", "linger.ms", "0");
      try (Producer<byte[], byte[]> producer = context.producer(settings)) {
        for (int i = 0; i < 90; i++) get(producer.send(Context.record(topic, i)));
      }
    }
    Map<String, Integer> counts = new HashMap<>();
    try (Consumer<byte[], byte[]> consumer = context.consumer(Map.of())) {
      for (ConsumerRecord<byte[], byte[]> record : readToEnd(context, consumer, topic, 4 * 90)) {
        counts.merge(new String(record.value()), 1, Integer::sum);
      }
    }
    check(
        counts.size() == 90 && counts.values().stream().allMatch(n -> n == 4), "each value four times, got " + counts);
    ok("acks 0, 1 and all: 360 records written, 360 read");
  }

  /** Exactly `count` records from the beginning; one more within a second is a failure. */
  private static List<ConsumerRecord<byte[], byte[]>> readToEnd(
      Context context, Consumer<byte[], byte[]> consumer, String topic, int count) throws Exception {
    consumer.assign(context.partitions(topic));
    consumer.seekToBeginning(context.partitions(topic));
    List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
    Context.await(count + " records of " + topic, () -> {
      consumer.poll(Duration.ofMillis(200)).forEach(all::add);
      return all.size() >= count;
    });
    consumer.poll(Duration.ofMillis(300)).forEach(all::add);
    check(all.size() == count, "expected " + count + " records of " + topic + ", got " + all.size());
    return all;
  }
}
