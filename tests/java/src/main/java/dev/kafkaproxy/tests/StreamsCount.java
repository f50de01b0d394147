package dev.kafkaproxy.tests;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * StreamsCount BOOTSTRAP APPLICATION INPUT MAPPED COUNTED STATE_DIR: a Kafka Streams application, exactly once, until
 * it is killed. The values of the input are numbers. To MAPPED it writes each record with its key in capitals; to
 * COUNTED, by that key and in windows of ten numbers, the count after each record as "KEY@WINDOW COUNT".
 */
public final class StreamsCount {
  private static final Duration WINDOW = Duration.ofMillis(10);

  private StreamsCount() {}

  /** A record's number is its time: windows then depend on what was written and on nothing else. */
  public static final class ByNumber implements TimestampExtractor {
    @Override
    public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
      return Long.parseLong((String) record.value());
    }
  }

  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[1]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, args[5]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, ByNumber.class);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0); // each count is told, not the latest alone
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    // One that was killed is missed soon.
    settings.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 6000);
    settings.put(StreamsConfig.consumerPrefix("heartbeat.interval.ms"), 300);
    settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

    CountDownLatch ended = new CountDownLatch(1);
    KafkaStreams streams = new KafkaStreams(topology(args[2], args[3], args[4]).build(), settings);
    streams.setStateListener((now, before) -> System.out.println("state " + now));
    streams.setUncaughtExceptionHandler(failed -> {
      failed.printStackTrace();
      ended.countDown();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.start();
    ended.await();
    System.exit(1);
  }

  private static StreamsBuilder topology(String input, String mapped, String counted) {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> capitals =
        builder.<String, String>stream(input).map((key, value) -> KeyValue.pair(key.toUpperCase(), value));
    capitals.to(mapped);
    capitals.groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, Duration.ofDays(1)))
        .count()
        .toStream()
        .map((window, count) -> KeyValue.pair(window.key() + "@" + window.window().start(), "" + count))
        .to(counted);
    return builder;
  }
}
