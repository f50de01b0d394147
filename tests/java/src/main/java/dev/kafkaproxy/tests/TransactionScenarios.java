package dev.kafkaproxy.tests;

import static dev.kafkaproxy.tests.Context.check;
import static dev.kafkaproxy.tests.Context.get;
import static dev.kafkaproxy.tests.Context.ok;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Transactions: what was committed is seen, what was aborted is not, and offsets move with the records. */
final class TransactionScenarios {
  private static final int BATCH = 30;

  private TransactionScenarios() {}

  static void transactions(Context context) throws Exception {
    String source = context.topic("tx-source");
    String target = context.topic("tx-target");
    commitAndAbort(context, source);
    transform(context, source, target);
    get(context.admin().describeProducers(context.partitions(target)).all());
    var listed = get(context.admin().listTransactions().all());
    check(listed.stream().anyMatch(t -> t.transactionalId().equals(context.name("tx"))),
        "transaction not listed: " + listed);
    ok("transactions are listed from every broker");
  }

  private static void commitAndAbort(Context context, String source) throws Exception {
    try (Producer<byte[], byte[]> producer = context.producer(Map.of("transactional.id", context.name("tx")))) {
      producer.initTransactions();
      for (int batch = 0; batch < 3; batch++) {
        producer.beginTransaction();
        for (int i = batch * BATCH; i < (batch + 1) * BATCH; i++) producer.send(Context.record(source, i));
        producer.flush();
        if (batch == 1) {
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
    }
    List<String> committed = read(context, source, "read_committed", 2 * BATCH);
    for (int i = 0; i < 3 * BATCH; i++) {
      boolean aborted = i / BATCH == 1;
      check(committed.contains("value-" + i) != aborted,
          "read_committed " + (aborted ? "saw" : "missed") + " record " + i);
    }
    read(context, source, "read_uncommitted", 3 * BATCH);
    ok("read_committed saw the two committed batches only");
  }

  /** Consume, transform, produce: the offsets of the source are committed in the target's transaction. */
  private static void transform(Context context, String source, String target) throws Exception {
    String group = context.name("tx-group");
    Map<String, String> reading = Map.of("isolation.level", "read_committed", "group.id", group);
    try (Consumer<byte[], byte[]> consumer = context.consumer(reading);
        Producer<byte[], byte[]> producer =
            context.producer(Map.of("transactional.id", context.name("tx-transform")))) {
      consumer.subscribe(List.of(source));
      producer.initTransactions();
      Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
      List<ConsumerRecord<byte[], byte[]>> taken = new ArrayList<>();
      Context.await("the committed records", () -> {
        consumer.poll(Duration.ofMillis(100)).forEach(taken::add);
        return taken.size() >= 2 * BATCH;
      });
      producer.beginTransaction();
      for (ConsumerRecord<byte[], byte[]> record : taken) {
        producer.send(new ProducerRecord<>(target, record.partition(), record.key(), record.value()));
        offsets.put(new TopicPartition(source, record.partition()), new OffsetAndMetadata(record.offset() + 1));
      }
      producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
      producer.commitTransaction();

      // The markers of a committed transaction may still be on their way to the group's coordinator.
      Context.await("the transaction's offsets", () -> Context.quietly(() -> {
        var committed = get(context.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        return committed.keySet().equals(offsets.keySet())
            && offsets.keySet().stream().allMatch(p -> committed.get(p).offset() == offsets.get(p).offset());
      }));
    }
    read(context, target, "read_committed", 2 * BATCH);
    ok("records and offsets were committed together");
  }

  private static List<String> read(Context context, String topic, String isolation, int count) throws Exception {
    List<String> values = new ArrayList<>();
    try (Consumer<byte[], byte[]> consumer = context.consumer(Map.of("isolation.level", isolation))) {
      consumer.assign(context.partitions(topic));
      Context.await(count + " records of " + topic, () -> {
        consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(new String(record.value())));
        return values.size() >= count;
      });
      consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(new String(record.value())));
    }
    check(values.size() == count, isolation + " saw " + values.size() + " records instead of " + count);
    return values;
  }
}
