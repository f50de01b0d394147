package dev.kafkaproxy.tests;

import java.io.FileInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;

/**
 * What Kafka's own Java clients do, as checks: each scenario ends with "NAME: ok" or the program with status 1 and the
 * reason. Several scenarios may follow one another in one run ("all": every one that ends by itself), since most of a
 * short run's time is the JVM's start.
 */
public final class ClientScenarios {
  @FunctionalInterface
  private interface Scenario {
    void run(Context context) throws Exception;
  }

  private static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

  static {
    SCENARIOS.put("admin", AdminScenarios::admin);
    SCENARIOS.put("produce", RecordScenarios::produce);
    SCENARIOS.put("consume", RecordScenarios::consume);
    SCENARIOS.put("large", RecordScenarios::large);
    SCENARIOS.put("acks", RecordScenarios::acks);
    SCENARIOS.put("group-classic", context -> GroupScenarios.group(context, "classic"));
    SCENARIOS.put("group-consumer", context -> GroupScenarios.group(context, "consumer"));
    SCENARIOS.put("transactions", TransactionScenarios::transactions);
    SCENARIOS.put("share-group", ShareGroupScenarios::shareGroup);
  }

  private ClientScenarios() {}

  public static void main(String[] args) throws Exception {
    List<String> names = new ArrayList<>();
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < args.length; i++) {
      if (args[i].startsWith("--") && i + 1 < args.length) {
        options.put(args[i].substring(2), args[++i]);
      } else {
        names.add(args[i]);
      }
    }
    if (names.equals(List.of("all")))
      names = new ArrayList<>(SCENARIOS.keySet());
    if (names.isEmpty() || !options.containsKey("bootstrap"))
      usage();
    System.exit(runAll(names, options));
  }

  private static int runAll(List<String> names, Map<String, String> options) throws Exception {
    String prefix = options.getOrDefault("topic-prefix", "t-" + UUID.randomUUID().toString().substring(0, 8));
    String addresses = options.getOrDefault("expect-addresses", "");
    Set<String> expected = addresses.isEmpty() ? Set.of() : Set.of(addresses.split(","));
    try (Context context = new Context(settings(options), expected, prefix)) {
      for (String name : names) {
        long start = System.nanoTime();
        System.out.println(name);
        try {
          if (name.equals("watch-produce")) {
            new WatchProduce(context, options).run();
          } else if (SCENARIOS.containsKey(name)) {
            SCENARIOS.get(name).run(context);
          } else {
            usage();
          }
        } catch (Exception failed) {
          System.out.println(name + ": FAILED: " + reason(failed));
          if (!(failed instanceof Context.Failed))
            failed.printStackTrace();
          return 1;
        }
        System.out.printf("%s: ok (%d ms)%n", name, (System.nanoTime() - start) / 1_000_000);
      }
    }
    return 0;
  }

  private static Map<String, Object> settings(Map<String, String> options) throws Exception {
    Map<String, Object> settings = new HashMap<>();
    settings.put("client.id", "scenarios");
    settings.put("request.timeout.ms", "20000");
    settings.put("default.api.timeout.ms", "40000");
    // Each scenario waits for a group's or leader's change at some point; the clients should not nap long in between.
    settings.put("metadata.max.age.ms", "5000");
    if (options.containsKey("config")) {
      Properties file = new Properties();
      try (InputStream in = new FileInputStream(options.get("config"))) {
        file.load(in);
      }
      file.forEach((name, value) -> settings.put((String) name, value));
    }
    settings.put("bootstrap.servers", options.get("bootstrap"));
    return settings;
  }

  private static String reason(Exception failed) {
    return failed instanceof Context.Failed ? failed.getMessage() : failed.toString();
  }

  private static void usage() {
    System.err.println("usage: ClientScenarios all|SCENARIO... --bootstrap HOST:PORT,... [--config FILE] "
                       + "[--expect-addresses HOST:PORT,...]\n"
        + "         [--topic-prefix NAME]   scenarios: " + SCENARIOS.keySet() + "\n"
        + ("       ClientScenarios watch-produce --bootstrap ... [--rate RECORDS_PER_S] [--seconds N] [--until-file "
           + "FILE] [--topic NAME]"));
    System.exit(2);
  }
}
