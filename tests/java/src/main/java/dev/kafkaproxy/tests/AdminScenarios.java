package dev.kafkaproxy.tests;

import static dev.kafkaproxy.tests.Context.check;
import static dev.kafkaproxy.tests.Context.get;
import static dev.kafkaproxy.tests.Context.ok;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;

/** What administrators do: look at the cluster, make and delete a topic, and talk to every single broker. */
final class AdminScenarios {
  private AdminScenarios() {}

  static void admin(Context context) throws Exception {
    Admin admin = context.admin();
    Collection<Node> nodes =
        get(admin.describeCluster(new DescribeClusterOptions().includeFencedBrokers(true)).nodes());
    check(!nodes.isEmpty(), "describeCluster names no broker");
    for (Node node : nodes) {
      System.out.printf("  node %d at %s:%d%n", node.id(), node.host(), node.port());
      context.checkNode(node);
    }
    Node controller = get(admin.describeCluster().controller());
    context.checkNode(controller);
    ok("describeCluster names " + nodes.size() + " brokers");

    eachBrokerIsItself(admin, get(admin.describeCluster().nodes()));
    topicLife(context, admin);
    get(admin.describeFeatures().featureMetadata());
    get(admin.describeMetadataQuorum().quorumInfo());
    get(admin.listGroups().all());
    ok("features, quorum and groups are described");
  }

  /**
   * A broker's configuration is asked of that broker itself: the address with its id must lead to it and to no other.
   */
  private static void eachBrokerIsItself(Admin admin, Collection<Node> nodes) throws Exception {
    for (Node node : nodes) {
      ConfigResource resource = new ConfigResource(ConfigResource.Type.BROKER, node.idString());
      String id = get(admin.describeConfigs(List.of(resource)).all()).get(resource).get("node.id").value();
      check(node.idString().equals(id), "the address of broker " + node.id() + " led to broker " + id);
    }
    get(admin.describeLogDirs(nodes.stream().map(Node::id).toList()).allDescriptions());
    ok("each of " + nodes.size() + " addresses leads to its own broker");
  }

  private static void topicLife(Context context, Admin admin) throws Exception {
    String topic = context.topic("admin");
    TopicDescription described = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
    for (TopicPartitionInfo partition : described.partitions()) {
      context.checkNode(partition.leader());
      partition.replicas().forEach(context::checkNode);
    }
    context.produce(topic, 0, 30);
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    context.partitions(topic).forEach(partition -> latest.put(partition, OffsetSpec.latest()));
    get(admin.listOffsets(latest).all())
        .forEach((partition, offset)
                     -> check(offset.offset() == 10,
                         "the end of " + partition + " is " + offset.offset() + " instead of 10"));
    ok("topic created, described, written, its offsets listed");

    get(admin.deleteTopics(List.of(topic)).all());
    Context.await(
        "the topic to be gone", () -> Context.quietly(() -> !get(admin.listTopics().names()).contains(topic)));
    context.forget(topic);
    ok("topic deleted");
  }
}
