package dev.kafkaproxy.tests;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Fills a generated message with random values. The schema of the version says which fields exist there and which may
 * be null, so that no field is set that the version could not carry.
 */
final class RandomMessage {
  private static final String[] STRINGS = {
      "", "a", "kafka-0.internal", "größe", "日本", "x".repeat(127), "y".repeat(300)};

  private final Random random;
  private final double fullness;

  /** fullness: how likely a tagged field is present, a nullable one not null, an array not empty; 0 to 1. */
  RandomMessage(long seed, double fullness) {
    this.random = new Random(seed);
    this.fullness = fullness;
  }

  void fill(Message message, Schema schema) {
    for (BoundField bound : schema.fields()) {
      if (bound.def.type instanceof TaggedFields section) {
        for (Field field : section.fields().values()) {
          if (chance())
            set(message, field);
        }
        addUnknownTags(message);
      } else {
        set(message, bound.def);
      }
    }
  }

  /** Tags far above the known ones, one to three bytes long on the wire, in rising order as Kafka demands. */
  private void addUnknownTags(Message message) {
    int tag = 10;
    while (chance() && random.nextInt(3) == 0 && message.unknownTaggedFields().size() < 3) {
      tag += 1 + random.nextInt(20000);
      message.unknownTaggedFields().add(new RawTaggedField(tag, bytes(random.nextInt(40))));
    }
  }

  private void set(Message message, Field field) {
    Method setter = setter(message, field);
    try {
      setter.invoke(message, value(setter.getGenericParameterTypes()[0], field.type));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(message.getClass() + "." + setter.getName(), e);
    }
  }

  private static Method setter(Message message, Field field) {
    String wanted = "set" + field.name.replace("_", "");
    for (Method method : message.getClass().getMethods()) {
      if (method.getName().equalsIgnoreCase(wanted))
        return method;
    }
    throw new IllegalStateException(message.getClass() + " has no setter for " + field.name);
  }

  private Object value(Type type, org.apache.kafka.common.protocol.types.Type wire)
      throws ReflectiveOperationException {
    if (wire.isNullable() && !chance())
      return null;
    Class<?> plain = type instanceof ParameterizedType p ? (Class<?>) p.getRawType() : (Class<?>) type;
    if (plain == boolean.class)
      return random.nextBoolean();
    if (plain == byte.class || plain == Byte.class)
      return (byte) random.nextInt();
    if (plain == short.class || plain == Short.class)
      return (short) random.nextInt();
    if (plain == int.class || plain == Integer.class)
      return integer(wire);
    if (plain == long.class || plain == Long.class)
      return random.nextLong();
    if (plain == double.class)
      return random.nextDouble();
    if (plain == String.class)
      return STRINGS[random.nextInt(STRINGS.length)];
    if (plain == Uuid.class)
      return new Uuid(random.nextLong(), random.nextLong());
    if (plain == byte[].class)
      return bytes(random.nextInt(50));
    if (plain == ByteBuffer.class)
      return ByteBuffer.wrap(bytes(random.nextInt(50)));
    if (BaseRecords.class.isAssignableFrom(plain)) {
      return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(random.nextInt(200))));
    }
    if (Collection.class.isAssignableFrom(plain))
      return collection(type, plain, wire);
    return struct(plain, (Schema) wire);
  }

  private int integer(org.apache.kafka.common.protocol.types.Type wire) {
    int any = random.nextInt(4) == 0 ? random.nextInt(10) - 1 : random.nextInt();
    return wire.toString().equals("UINT16") ? any & 0xffff : any;
  }

  private Collection<Object> collection(Type type, Class<?> plain, org.apache.kafka.common.protocol.types.Type wire)
      throws ReflectiveOperationException {
    Collection<Object> filled = newCollection(plain);
    org.apache.kafka.common.protocol.types.Type element = wire.arrayElementType().orElseThrow();
    Type elementType = ((ParameterizedType) (type instanceof ParameterizedType ? type : plain.getGenericSuperclass()))
                           .getActualTypeArguments()[0];
    int size = chance() ? 1 + random.nextInt(3) : 0;
    for (int i = 0; i < size; i++) filled.add(value(elementType, element));
    return filled;
  }

  /** Either a List or one of Kafka's linked hash collections, whose element type stands in its superclass. */
  @SuppressWarnings("unchecked")
  private static Collection<Object> newCollection(Class<?> plain) throws ReflectiveOperationException {
    if (plain.isInterface())
      return new ArrayList<>();
    return (Collection<Object>) plain.getConstructor().newInstance();
  }

  private Object struct(Class<?> plain, Schema schema) throws ReflectiveOperationException {
    Message message = (Message) plain.getConstructor().newInstance();
    fill(message, schema);
    return message;
  }

  private byte[] bytes(int length) {
    byte[] made = new byte[length];
    random.nextBytes(made);
    // Readable text here and there makes a wrong offset easy to see in a dump.
    if (length > 4 && random.nextInt(4) == 0) {
      System.arraycopy("tail".getBytes(StandardCharsets.US_ASCII), 0, made, length - 4, 4);
    }
    return made;
  }

  private boolean chance() {
    return random.nextDouble() < fullness;
  }
}
