package dev.kafkaproxy.tests;

import static dev.kafkaproxy.tests.Context.check;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;

/**
 * Produces at a steady rate until told to stop, while somebody else breaks things and a consumer reads along; then
 * reads everything back. Fails when an acknowledged record is missing, or any record is there twice, or the consumer
 * that read along has seen something else. Prints "progress acked=N" about twice a second.
 */
final class WatchProduce {
  private final Context context;
  private final int rate;
  private final long seconds;
  private final Path stop;

  /** One that somebody else made and reads too; null: one of our own, which goes with us. */
  private final String givenTopic;

  private final Set<Integer> acked = ConcurrentHashMap.newKeySet();
  private final AtomicInteger errors = new AtomicInteger();
  private final Map<String, Integer> failures = new ConcurrentHashMap<>();

  /** Only the reader's thread touches it until that has ended. */
  private final Map<Integer, Integer> along = new HashMap<>();

  /** How many records there are, once that is known. */
  private volatile int written = Integer.MAX_VALUE;

  WatchProduce(Context context, Map<String, String> options) {
    this.context = context;
    this.rate = Integer.parseInt(options.getOrDefault("rate", "200"));
    this.seconds = Long.parseLong(options.getOrDefault("seconds", "120"));
    this.stop = options.containsKey("until-file") ? Path.of(options.get("until-file")) : null;
    this.givenTopic = options.get("topic");
  }

  void run() throws Exception {
    String topic = givenTopic != null ? givenTopic : context.topic("watch");
    Map<String, String> patient =
        Map.of("acks", "all", "enable.idempotence", "true", "delivery.timeout.ms", "90000", "request.timeout.ms",
            "8000", "retry.backoff.ms", "50", "retry.backoff.max.ms", "500", "reconnect.backoff.max.ms", "500");
    Thread reader = new Thread(() -> readAlong(topic), "reader");
    reader.start();
    int sent;
    try (Producer<byte[], byte[]> producer = context.producer(patient)) {
      sent = produce(producer, topic);
      producer.flush();
      context.checkLeaders(producer.partitionsFor(topic));
    }
    Map<Integer, Integer> seen = readBack(topic);
    written = seen.size();
    reader.join();
    long lost = acked.stream().filter(i -> !seen.containsKey(i)).count();
    long doubled = seen.values().stream().filter(n -> n > 1).count();
    System.out.printf(
        "  result sent=%d acked=%d errors=%d lost=%d doubled=%d%n", sent, acked.size(), errors.get(), lost, doubled);
    check(lost == 0, lost + " acknowledged records are lost");
    check(doubled == 0, doubled + " records are there twice");
    check(errors.get() == 0, errors.get() + " records failed: " + failures);
    check(along.equals(seen), "the consumer that read along saw " + along.size() + " records, of " + seen.size());
    check(acked.size() == sent, "only " + acked.size() + " of " + sent + " records were acknowledged");
  }

  private int produce(Producer<byte[], byte[]> producer, String topic) throws Exception {
    long start = System.nanoTime();
    long end = start + Duration.ofSeconds(seconds).toNanos();
    long told = start;
    int sent = 0;
    while (System.nanoTime() < end && (stop == null || !Files.exists(stop))) {
      int number = sent++;
      producer.send(Context.record(topic, number), (metadata, failure) -> {
        if (failure == null) {
          acked.add(number);
        } else {
          errors.incrementAndGet();
          failures.merge(failure.getClass().getSimpleName(), 1, Integer::sum);
        }
      });
      long due = start + sent * 1_000_000_000L / rate;
      long ahead = due - System.nanoTime();
      if (ahead > 0)
        TimeUnit.NANOSECONDS.sleep(ahead);
      if (System.nanoTime() - told > 500_000_000L) {
        told = System.nanoTime();
        System.out.printf("  progress acked=%d errors=%d%n", acked.size(), errors.get());
      }
    }
    return sent;
  }

  /** Until it has seen what `readBack` found, or that takes too long; the comparison is the caller's. */
  private void readAlong(String topic) {
    try (Consumer<byte[], byte[]> consumer = context.consumer(Map.of("client.id", "reader"))) {
      consumer.assign(context.partitions(topic));
      consumer.seekToBeginning(context.partitions(topic));
      long end = Long.MAX_VALUE;
      while (along.size() < written && System.nanoTime() < end) {
        count(consumer.poll(Duration.ofMillis(100)), along);
        if (end == Long.MAX_VALUE && written != Integer.MAX_VALUE) {
          end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        }
      }
    }
  }

  private static void count(Iterable<ConsumerRecord<byte[], byte[]>> records, Map<Integer, Integer> into) {
    for (ConsumerRecord<byte[], byte[]> record : records) {
      into.merge(Integer.parseInt(new String(record.value()).substring("value-".length())), 1, Integer::sum);
    }
  }

  /** Number of record -> how often it is there. */
  private Map<Integer, Integer> readBack(String topic) throws Exception {
    Map<Integer, Integer> seen = new HashMap<>();
    try (Consumer<byte[], byte[]> consumer = context.consumer(Map.of())) {
      consumer.assign(context.partitions(topic));
      var ends = consumer.endOffsets(context.partitions(topic));
      var open = new HashSet<>(ends.keySet());
      Context.await("the end of " + topic, () -> {
        count(consumer.poll(Duration.ofMillis(100)), seen);
        open.removeIf(partition -> consumer.position(partition) >= ends.get(partition));
        return open.isEmpty();
      });
    }
    return seen;
  }
}
