// kafkajs.js BOOTSTRAP: kafkajs, doing what it is told a line at a time; see families.py.
const readline = require("node:readline");
const { Kafka, Partitioners, logLevel } = require("kafkajs");

const BY_KEY = -1; // the partition is the client's to choose
const MAX_WAIT_MS = 500;

const kafka = new Kafka({ brokers: process.argv[2].split(","), logLevel: logLevel.ERROR, logCreator: () => say_log });
const members = new Map();

function say(...words) {
  process.stdout.write(words.join(" ") + "\n");
}

function say_log({ log }) {
  say("log", JSON.stringify(log));
}

const commands = {
  async partitions(topic) {
    const admin = kafka.admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    say("partitions", topics[0].partitions.length);
    await admin.disconnect();
  },

  async write(topic, prefix, keys, first, count, partition) {
    const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const where = Number(partition) === BY_KEY ? {} : { partition: Number(partition) };
    const of_key = async (key) => {
      const message = (_, n) => ({ key, value: `${Number(first) + n}`, ...where });
      const messages = Array.from({ length: Number(count) }, message);
      const [sent, ...others] = await producer.send({ topic, messages });
      if (others.length > 0) throw new Error(`the records of ${key} went to several partitions`);
      for (const { value } of messages) say("written", key, value, sent.partition);
    };
    await Promise.all(Array.from({ length: Number(keys) }, (_, n) => of_key(`${prefix}-${n}`)));
    await producer.disconnect();
    say("done");
  },

  // By hand: commits what was read before it says so. auto: the client sees to it.
  async join(name, group, topic, commits) {
    const eachBatch = async ({ batch, resolveOffset, uncommittedOffsets, commitOffsetsIfNecessary }) => {
      for (const { offset } of batch.messages) resolveOffset(offset);
      await commitOffsetsIfNecessary(uncommittedOffsets());
      for (const message of batch.messages) say_read(name, batch.partition, message);
    };
    const eachMessage = async ({ partition, message }) => say_read(name, partition, message);
    const by_hand = { eachBatch, eachBatchAutoResolve: false };
    const run = commits === "auto" ? { eachMessage, autoCommitInterval: 100 } : by_hand;
    await consume(name, group, topic, run, (consumer, owned) => say("assigned", name, owned.join(",")));
  },

  // There are no consumers without a group: its only member leaves all other partitions alone.
  async follow(name, topic, partition) {
    const eachMessage = async ({ partition, message }) => say_read(name, partition, message);
    await consume(name, `follow-${topic}-${partition}`, topic, { eachMessage, autoCommit: false }, (consumer, owned) =>
      consumer.pause([{ topic, partitions: owned.filter((p) => p !== Number(partition)) }]),
    );
  },

  async leave(name) {
    await members.get(name).disconnect();
    say("left", name);
  },
};

function say_read(name, partition, { key, value }) {
  say("read", name, key, value, partition);
}

async function consume(name, groupId, topic, run, joined) {
  const times = { sessionTimeout: 10000, heartbeatInterval: 300, maxWaitTimeInMs: MAX_WAIT_MS };
  const consumer = kafka.consumer({ groupId, ...times });
  members.set(name, consumer);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => joined(consumer, payload.memberAssignment[topic] ?? []));
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) die(payload.error);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run(run);
}

function die(error) {
  say("failed", `${error.stack}`.replaceAll("\n", " "));
  process.exit(1);
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, ...words] = line.split(" ");
    await commands[command](...words);
  }
  process.exit(0);
}

main().catch(die);
