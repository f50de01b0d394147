package dev.kafkaproxy.tests;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What every scenario needs: clients with the settings of the command line, topics of its own, and checks. */
final class Context implements AutoCloseable {
  static final int PARTITIONS = 3;
  static final long LIMIT_S = 60;

  /** A check that did not hold; its message is the reason the program prints. */
  static final class Failed extends RuntimeException {
    Failed(String reason) {
      super(reason);
    }
  }

  private final Map<String, Object> settings;
  private final Set<String> expectedAddresses;
  private final String prefix;
  private final Admin admin;
  private final Set<String> created = new HashSet<>();

  /** expectedAddresses: host:port of every broker a client may ever be told of; empty: anything goes. */
  Context(Map<String, Object> settings, Set<String> expectedAddresses, String prefix) {
    this.settings = settings;
    this.expectedAddresses = expectedAddresses;
    this.prefix = prefix;
    this.admin = Admin.create(with(Map.of()));
  }

  Admin admin() {
    return admin;
  }

  Map<String, Object> with(Map<String, ?> more) {
    Map<String, Object> all = new HashMap<>(settings);
    all.putAll(more);
    return all;
  }

  Producer<byte[], byte[]> producer(Map<String, ?> more) {
    return new KafkaProducer<>(with(more), new ByteArraySerializer(), new ByteArraySerializer());
  }

  Consumer<byte[], byte[]> consumer(Map<String, ?> more) {
    Map<String, Object> all = with(Map.of("auto.offset.reset", "earliest", "enable.auto.commit", "false"));
    all.putAll(more);
    return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** The run's own name for a topic or group. */
  String name(String part) {
    return prefix + "-" + part;
  }

  /** Makes the topic if this run has not yet; returns its full name. */
  String topic(String part) throws Exception {
    String topic = name(part);
    if (created.add(topic)) {
      get(admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) -1))).all());
      awaitLeaders(topic);
    }
    return topic;
  }

  /** The scenario deleted it itself. */
  void forget(String topic) {
    created.remove(topic);
  }

  /**
   * Until each leader itself answers for its partition. That a topic is listed is not enough for an idempotent
   * producer: a leader that refuses the first of several batches in flight and takes the second never takes the first
   * again.
   */
  private void awaitLeaders(String topic) throws InterruptedException {
    Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
    partitions(topic).forEach(partition -> ends.put(partition, OffsetSpec.latest()));
    await("leaders of " + topic, () -> quietly(() -> get(admin.listOffsets(ends).all()).size() == PARTITIONS));
  }

  List<TopicPartition> partitions(String topic) {
    List<TopicPartition> all = new ArrayList<>();
    for (int p = 0; p < PARTITIONS; p++) all.add(new TopicPartition(topic, p));
    return all;
  }

  /** Sends `count` records "value-from".. in turn to the partitions, and waits for every acknowledgement. */
  void produce(String topic, int from, int count) throws Exception {
    try (Producer<byte[], byte[]> producer = producer(Map.of("acks", "all"))) {
      List<Future<?>> sent = new ArrayList<>();
      for (int i = from; i < from + count; i++) sent.add(producer.send(record(topic, i)));
      for (Future<?> one : sent) get(one);
    }
  }

  static ProducerRecord<byte[], byte[]> record(String topic, int i) {
    return new ProducerRecord<>(topic, i % PARTITIONS, ("key-" + i).getBytes(), ("value-" + i).getBytes());
  }

  void checkNode(Node node) {
    String address = node.host() + ":" + node.port();
    check(expectedAddresses.isEmpty() || expectedAddresses.contains(address),
        "the client was told of " + address + ", which is none of " + expectedAddresses);
  }

  void checkLeaders(List<PartitionInfo> partitions) {
    check(partitions.size() == PARTITIONS, "expected " + PARTITIONS + " partitions, got " + partitions);
    for (PartitionInfo partition : partitions) {
      if (partition.leader() != null)
        checkNode(partition.leader());
    }
  }

  static void check(boolean holds, String reason) {
    if (!holds)
      throw new Failed(reason);
  }

  static void ok(String what) {
    System.out.println("  ok: " + what);
  }

  static <T> T get(Future<T> future) throws Exception {
    return future.get(LIMIT_S, TimeUnit.SECONDS);
  }

  /** Calls `probe` until it holds. Most probes poll a consumer, which is where the time goes. */
  static void await(String what, BooleanSupplier probe) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(LIMIT_S).toNanos();
    while (!probe.getAsBoolean()) {
      check(System.nanoTime() < end, "not within " + LIMIT_S + " s: " + what);
      Thread.sleep(20);
    }
  }

  /** For probes whose calls may throw. */
  static boolean quietly(Callable<Boolean> probe) {
    try {
      return probe.call();
    } catch (Exception e) {
      return false;
    }
  }

  @Override
  public void close() {
    if (!created.isEmpty()) {
      try {
        get(admin.deleteTopics(created).all());
      } catch (Exception e) {
        System.err.println("deleting the run's topics: " + e);
      }
    }
    admin.close(Duration.ofSeconds(10));
  }
}
