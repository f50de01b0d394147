package dev.kafkaproxy.tests;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** VirtualClient BOOTSTRAP: the Java clients, doing what they are told a line at a time; see families.py. */
public final class VirtualClient {
  private static final int BY_KEY = -1; // the partition is the client's to choose

  private final String bootstrap;
  private final Map<String, Member> members = new HashMap<>();

  private VirtualClient(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  public static void main(String[] args) throws Exception {
    VirtualClient client = new VirtualClient(args[0]);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      try {
        client.obey(line.split(" "));
      } catch (Exception failed) {
        die(failed);
      }
    }
    System.exit(0);
  }

  private void obey(String[] words) throws Exception {
    switch (words[0]) {
      case "partitions" -> partitions(words[1]);
      case "write" -> write(words);
      case "join" -> join(words[1], words[2], words[3], words[4].equals("auto"));
      case "follow" -> follow(words[1], new TopicPartition(words[2], Integer.parseInt(words[3])));
      case "leave" -> members.get(words[1]).leave();
      default -> throw new IllegalArgumentException("no such command");
    }
  }

  private Map<String, Object> with(Map<String, ?> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("bootstrap.servers", bootstrap);
    return settings;
  }

  private void partitions(String topic) throws Exception {
    try (Admin admin = Admin.create(with(Map.of()))) {
      var described = Context.get(admin.describeTopics(List.of(topic)).allTopicNames());
      say("partitions", described.get(topic).partitions().size());
    }
  }

  /** write TOPIC PREFIX KEYS FIRST COUNT PARTITION; idempotent, as is the default. */
  private void write(String[] words) {
    int first = Integer.parseInt(words[4]);
    Integer partition = Integer.valueOf(words[6]);
    StringSerializer text = new StringSerializer();
    try (Producer<String, String> producer = new KafkaProducer<>(with(Map.of("linger.ms", 5)), text, text)) {
      for (int number = first; number < first + Integer.parseInt(words[5]); number++) {
        for (int n = 0; n < Integer.parseInt(words[3]); n++) {
          String key = words[2] + "-" + n;
          String value = Integer.toString(number);
          var record = new ProducerRecord<>(words[1], partition == BY_KEY ? null : partition, key, value);
          producer.send(record, (sent, failed) -> {
            if (failed != null)
              die(failed);
            say("written", key, value, sent.partition());
          });
        }
      }
      producer.flush();
    }
    say("done");
  }

  private Consumer<String, String> consumer(String group, boolean auto) {
    Map<String, Object> settings = new HashMap<>(Map.of("auto.offset.reset", "earliest", "fetch.max.wait.ms", 500,
        "session.timeout.ms", 10_000, "heartbeat.interval.ms", 300, "enable.auto.commit", auto));
    settings.put("auto.commit.interval.ms", 100);
    if (group != null)
      settings.put("group.id", group);
    StringDeserializer text = new StringDeserializer();
    return new KafkaConsumer<>(with(settings), text, text);
  }

  private void join(String name, String group, String topic, boolean auto) {
    Consumer<String, String> consumer = consumer(group, auto);
    consumer.subscribe(List.of(topic), new Assigned(name, consumer));
    start(new Member(name, consumer, !auto, null));
  }

  private void follow(String name, TopicPartition partition) {
    Consumer<String, String> consumer = consumer(null, false);
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    start(new Member(name, consumer, false, partition));
  }

  private void start(Member member) {
    members.put(member.name, member);
    member.thread.start();
  }

  private record Assigned(String name, Consumer<String, String> consumer) implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> added) {
      tell(new ArrayList<>(consumer.assignment()));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> lost) {
      List<TopicPartition> left = new ArrayList<>(consumer.assignment());
      left.removeAll(lost);
      tell(left);
    }

    private void tell(List<TopicPartition> owned) {
      String list = owned.stream().map(each -> "" + each.partition()).collect(Collectors.joining(","));
      say("assigned", name, list);
    }
  }

  /** Where it commits by hand it does so before it says what it has read. */
  private static final class Member {
    final String name;
    final Consumer<String, String> consumer;
    final boolean commits;
    final TopicPartition followed; // null: what its group assigns
    final Thread thread = new Thread(this::read);

    Member(String name, Consumer<String, String> consumer, boolean commits, TopicPartition followed) {
      this.name = name;
      this.consumer = consumer;
      this.commits = commits;
      this.followed = followed;
    }

    void read() {
      try {
        while (true) {
          ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(10));
          if (commits && !records.isEmpty())
            consumer.commitSync();
          for (ConsumerRecord<String, String> each : records) {
            say("read", name, each.key(), each.value(), each.partition());
          }
          if (followed != null)
            say("position", name, consumer.position(followed));
        }
      } catch (WakeupException stopped) {
        consumer.close();
      } catch (RuntimeException failed) {
        die(failed);
      }
    }

    void leave() throws InterruptedException {
      consumer.wakeup();
      thread.join();
      say("left", name);
    }
  }

  private static void say(Object... words) {
    StringBuilder line = new StringBuilder();
    for (Object word : words) line.append(line.isEmpty() ? "" : " ").append(word);
    System.out.println(line);
  }

  private static void die(Exception failed) {
    say("failed", failed.toString().replace('\n', ' '));
    failed.printStackTrace();
    Runtime.getRuntime().halt(1);
  }
}
