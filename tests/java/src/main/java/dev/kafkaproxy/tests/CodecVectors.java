package dev.kafkaproxy.tests;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.Schema;

/**
 * Writes random messages as Kafka's own classes write them, one JSON object a line: api, version, kind, and the body
 * (without header) in hex. The same seed gives the same file, so that a failing line can be found again.
 */
public final class CodecVectors {
  private static final int PER_VERSION = 12;
  private static final long SEED = 20260101;

  /** Both directions are read by the proxy; of FindCoordinator only the answer. */
  private static final List<ApiKeys> APIS = List.of(
      ApiKeys.PRODUCE, ApiKeys.FETCH, ApiKeys.METADATA, ApiKeys.SASL_HANDSHAKE, ApiKeys.API_VERSIONS,
      ApiKeys.SASL_AUTHENTICATE, ApiKeys.DESCRIBE_CLUSTER, ApiKeys.SHARE_FETCH, ApiKeys.SHARE_ACKNOWLEDGE,
      ApiKeys.LIST_OFFSETS, ApiKeys.OFFSET_COMMIT, ApiKeys.OFFSET_FETCH, ApiKeys.HEARTBEAT,
      ApiKeys.DESCRIBE_GROUPS, ApiKeys.LIST_GROUPS, ApiKeys.CREATE_TOPICS, ApiKeys.DELETE_RECORDS,
      ApiKeys.OFFSET_FOR_LEADER_EPOCH, ApiKeys.ADD_PARTITIONS_TO_TXN, ApiKeys.TXN_OFFSET_COMMIT,
      ApiKeys.DESCRIBE_CONFIGS, ApiKeys.ALTER_REPLICA_LOG_DIRS, ApiKeys.DESCRIBE_LOG_DIRS,
      ApiKeys.CREATE_PARTITIONS, ApiKeys.DELETE_GROUPS, ApiKeys.ELECT_LEADERS,
      ApiKeys.ALTER_PARTITION_REASSIGNMENTS, ApiKeys.LIST_PARTITION_REASSIGNMENTS, ApiKeys.OFFSET_DELETE,
      ApiKeys.DESCRIBE_PRODUCERS, ApiKeys.CONSUMER_GROUP_HEARTBEAT, ApiKeys.DESCRIBE_TOPIC_PARTITIONS,
      ApiKeys.SHARE_GROUP_HEARTBEAT, ApiKeys.STREAMS_GROUP_HEARTBEAT, ApiKeys.DESCRIBE_SHARE_GROUP_OFFSETS,
      ApiKeys.ALTER_SHARE_GROUP_OFFSETS, ApiKeys.DELETE_SHARE_GROUP_OFFSETS);

  private CodecVectors() {}

  public static void main(String[] args) throws IOException {
    if (args.length != 1) {
      System.err.println("usage: CodecVectors OUTPUT");
      System.exit(2);
    }
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[0])))) {
      for (ApiKeys api : APIS) {
        writeAll(out, api, false);
        writeAll(out, api, true);
      }
      writeAll(out, ApiKeys.FIND_COORDINATOR, false);
    }
  }

  private static void writeAll(PrintWriter out, ApiKeys api, boolean request) {
    ApiMessageType type = ApiMessageType.fromApiKey(api.id);
    Schema[] schemas = request ? type.requestSchemas() : type.responseSchemas();
    for (short version = type.lowestSupportedVersion(); version <= type.highestSupportedVersion(true); version++) {
      for (int n = 0; n < PER_VERSION; n++) {
        long seed = SEED + ((api.id * 1000L + version) * 2 + (request ? 1 : 0)) * 1000L + n;
        ApiMessage message = request ? type.newRequest() : type.newResponse();
        new RandomMessage(seed, fullness(n)).fill(message, schemas[version]);
        String hex = HexFormat.of().formatHex(bytes(message, version, request, type));
        out.printf("{\"api\":%d,\"version\":%d,\"kind\":\"%s\",\"hex\":\"%s\"}%n", api.id, version,
            request ? "request" : "response", hex);
      }
    }
  }

  /** The first message of a version is as empty as can be, the second has everything, the rest is between. */
  private static double fullness(int n) {
    return n == 0 ? 0.0 : n == 1 ? 1.0 : 0.6;
  }

  private static byte[] bytes(ApiMessage message, short version, boolean request, ApiMessageType type) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(buffer), cache, version);
    if (buffer.hasRemaining())
      throw new IllegalStateException(message + ": wrote less than its size");
    buffer.flip();
    ApiMessage back = request ? type.newRequest() : type.newResponse();
    back.read(new ByteBufferAccessor(buffer.duplicate()), version);
    if (!back.equals(message))
      throw new IllegalStateException(message + " came back as " + back);
    return buffer.array();
  }
}
