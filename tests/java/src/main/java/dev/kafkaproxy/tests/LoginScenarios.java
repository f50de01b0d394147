package dev.kafkaproxy.tests;

import java.io.FileInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Clients that log in, many in one run. Each argument is a file of client settings, with these of ours beside them:
 * kp.name, kp.topic, kp.addresses (all that a client may be told of; empty: anything) and kp.do:
 *
 * <ul>
 *   <li>trip: writes records and reads them back;
 *   <li>refused: is refused, once as an admin client and once as a producer;
 *   <li>hold: writes and reads for kp.seconds, a record to every partition each kp.pause.ms, over the same connections.
 * </ul>
 *
 * Each file gives one line, tab-separated: name, "ok" or "failed", and what there is to tell. To be judged by the
 * caller: the status is 0 whatever happened. Those that are refused run one after the other, with nothing beside them
 * that would delay the answer; all others some at a time.
 */
public final class LoginScenarios {
  private static final int RECORDS = 12;
  private static final long LIMIT_S = 30;
  private static final int TRIPS_AT_ONCE = 4;

  private final Map<String, Object> settings = new HashMap<>();
  private final String name;
  private final String topic;
  private final Set<String> addresses;
  private final String action;
  private final long seconds;
  private final long pauseMs;

  private LoginScenarios(String file) throws Exception {
    Properties read = new Properties();
    try (InputStream in = new FileInputStream(file)) {
      read.load(in);
    }
    name = read.getProperty("kp.name");
    topic = read.getProperty("kp.topic", "");
    action = read.getProperty("kp.do");
    seconds = Long.parseLong(read.getProperty("kp.seconds", "0"));
    pauseMs = Long.parseLong(read.getProperty("kp.pause.ms", "0"));
    String told = read.getProperty("kp.addresses", "");
    addresses = told.isEmpty() ? Set.of() : Set.of(told.split(","));
    settings.put("client.id", "java-" + name);
    settings.put("request.timeout.ms", "10000");
    settings.put("default.api.timeout.ms", "12000");
    settings.put("max.block.ms", "12000");
    settings.put("reconnect.backoff.ms", "100");
    settings.put("fetch.max.wait.ms", "100");
    read.forEach((key, value) -> {
      if (!((String) key).startsWith("kp."))
        settings.put((String) key, value);
    });
  }

  public static void main(String[] files) throws Exception {
    List<LoginScenarios> all = new ArrayList<>();
    for (String file : files) all.add(new LoginScenarios(file));
    List<Future<String>> lines = new ArrayList<>();
    ExecutorService few = Executors.newFixedThreadPool(TRIPS_AT_ONCE);
    ExecutorService many = Executors.newCachedThreadPool();
    for (LoginScenarios one : all) {
      if (!one.action.equals("refused"))
        lines.add((one.action.equals("trip") ? few : many).submit(one::run));
    }
    for (Future<String> line : lines) System.out.println(line.get());
    boolean warm = false;
    for (LoginScenarios one : all) {
      if (!one.action.equals("refused"))
        continue;
      if (!warm)
        one.run(); // what the first of them measures is the loading of classes
      warm = true;
      System.out.println(one.run());
    }
    System.exit(0);
  }

  private String run() {
    long start = System.nanoTime();
    try {
      String said = switch (action) {
        case "trip" -> trip();
        case "refused" -> refused();
        case "hold" -> hold();
        default -> throw new IllegalArgumentException("kp.do=" + action);
      };
      return String.join("\t", name, "ok", said, "ms=" + millisSince(start));
    } catch (Exception failed) {
      return String.join("\t", name, "failed", describe(failed), "ms=" + millisSince(start));
    }
  }

  private String trip() throws Exception {
    String mine = UUID.randomUUID().toString();
    Set<String> missing = new HashSet<>();
    try (Consumer<String, String> consumer = consumer(); Producer<String, String> producer = producer()) {
      List<TopicPartition> partitions = assign(consumer);
      List<Future<?>> sent = new ArrayList<>();
      for (int i = 0; i < RECORDS; i++) {
        missing.add(mine + "-" + i);
        sent.add(producer.send(new ProducerRecord<>(topic, i % partitions.size(), null, mine + "-" + i)));
      }
      for (Future<?> one : sent) Context.get(one);
      long end = System.nanoTime() + Duration.ofSeconds(LIMIT_S).toNanos();
      while (!missing.isEmpty() && System.nanoTime() < end)
        consumer.poll(Duration.ofMillis(100)).forEach(record -> missing.remove(record.value()));
    }
    Context.check(missing.isEmpty(), missing.size() + " of " + RECORDS + " records did not come back");
    return "records=" + RECORDS;
  }

  /** What the client's own code would see: the exceptions with their causes, and how long each took. */
  private String refused() {
    long start = System.nanoTime();
    String admin;
    try (Admin client = Admin.create(settings)) {
      client.describeCluster().nodes().get();
      admin = "nothing: it was let in";
    } catch (Exception refusal) {
      admin = describe(refusal) + " in " + millisSince(start);
    }
    start = System.nanoTime();
    String producer;
    try (Producer<String, String> client = producer()) {
      client.partitionsFor(topic);
      producer = "nothing: it was let in";
    } catch (Exception refusal) {
      producer = describe(refusal) + " in " + millisSince(start);
    }
    return "admin=" + admin + "\tproducer=" + producer;
  }

  private String hold() throws Exception {
    String mine = UUID.randomUUID().toString();
    long read = 0;
    int sent = 0;
    try (Consumer<String, String> consumer = consumer(); Producer<String, String> producer = producer()) {
      List<TopicPartition> partitions = assign(consumer);
      long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
      while (System.nanoTime() < end) {
        for (TopicPartition partition : partitions)
          Context.get(producer.send(new ProducerRecord<>(topic, partition.partition(), null, mine + "-" + sent++)));
        // A consumer that is not polled for longer than its login lives breaks off by itself, also without a proxy.
        long pause = System.nanoTime() + Duration.ofMillis(pauseMs).toNanos();
        do read += countMine(consumer, mine, 20);
        while (System.nanoTime() < pause);
      }
      long limit = System.nanoTime() + Duration.ofSeconds(LIMIT_S).toNanos();
      while (read < sent && System.nanoTime() < limit) read += countMine(consumer, mine, 100);
      Context.check(read == sent, "read " + read + " of " + sent + " records");
      return "records=" + sent + "\t" + connections("producer", producer.metrics()) + "\t"
          + connections("consumer", consumer.metrics());
    }
  }

  private static long countMine(Consumer<String, String> consumer, String mine, long ms) {
    long count = 0;
    for (var record : consumer.poll(Duration.ofMillis(ms)))
      if (record.value().startsWith(mine))
        count++;
    return count;
  }

  /** What happened to its connections, by the client's own counters. */
  private static String connections(String whose, Map<MetricName, ? extends Metric> metrics) {
    Map<String, String> names = Map.of("connection-creation-total", "opened", "connection-close-total", "closed",
        "successful-reauthentication-total", "again", "failed-reauthentication-total", "failed");
    StringBuilder all = new StringBuilder();
    metrics.forEach((metric, value) -> {
      if (metric.group().equals(whose + "-metrics") && names.containsKey(metric.name()))
        all.append(all.isEmpty() ? "" : "\t")
            .append(whose)
            .append('.')
            .append(names.get(metric.name()))
            .append('=')
            .append(((Number) value.metricValue()).longValue());
    });
    return all.toString();
  }

  private Producer<String, String> producer() {
    Map<String, Object> all = new HashMap<>(settings);
    all.put("acks", "all");
    return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
  }

  private Consumer<String, String> consumer() {
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  /** To the end of every partition: others have written to the topic as well. */
  private List<TopicPartition> assign(Consumer<String, String> consumer) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (PartitionInfo partition : consumer.partitionsFor(topic)) {
      partitions.add(new TopicPartition(topic, partition.partition()));
      checkNode(partition.leader());
    }
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
    return partitions;
  }

  private void checkNode(Node node) {
    String address = node.host() + ":" + node.port();
    Context.check(addresses.isEmpty() || addresses.contains(address),
        "the client was told of " + address + ", which is none of " + addresses);
  }

  private static String describe(Throwable failed) {
    if (failed instanceof ExecutionException && failed.getCause() != null)
      return describe(failed.getCause());
    StringBuilder all = new StringBuilder();
    for (Throwable one = failed; one != null; one = one.getCause() == one ? null : one.getCause())
      all.append(all.isEmpty() ? "" : " / ")
          .append(one.getClass().getSimpleName())
          .append(": ")
          .append(one.getMessage());
    return all.toString().replaceAll("[\\t\\n\\r]+", " ");
  }

  private static long millisSince(long start) {
    return (System.nanoTime() - start) / 1_000_000;
  }
}
