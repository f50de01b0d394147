package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

type kafkaGo struct {
	bootstrap []string
	client    *kafka.Client
}

func newKafkaGo(bootstrap []string) family {
	return &kafkaGo{bootstrap, &kafka.Client{Addr: kafka.TCP(bootstrap...), Timeout: limit}}
}

func (k *kafkaGo) partitions(topic string) (int, error) {
	found, err := k.client.Metadata(context.Background(), &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, err
	}
	return len(found.Topics[0].Partitions), found.Topics[0].Error
}

func (k *kafkaGo) write(topic string, keys []string, first, count, partition int) error {
	var balancer kafka.Balancer = kafka.Murmur2Balancer{}
	if partition != byKey {
		balancer = kafka.BalancerFunc(func(kafka.Message, ...int) int { return partition })
	}
	writer := kafka.Writer{
		Addr: kafka.TCP(k.bootstrap...), Topic: topic, Balancer: balancer, RequiredAcks: kafka.RequireAll,
		BatchTimeout: 5 * time.Millisecond,
		Completion: func(messages []kafka.Message, err error) {
			if err != nil {
				die(err)
			}
			for _, each := range messages {
				say("written", string(each.Key), string(each.Value), each.Partition)
			}
		},
	}
	for number := first; number < first+count; number++ {
		var messages []kafka.Message
		for _, key := range keys {
			messages = append(messages, kafka.Message{Key: []byte(key), Value: []byte(strconv.Itoa(number))})
		}
		if err := writer.WriteMessages(context.Background(), messages...); err != nil {
			return err
		}
	}
	return writer.Close()
}

type kafkaGoMember struct {
	reader *kafka.Reader
	stop   context.CancelFunc
	done   chan struct{}
}

func (k *kafkaGo) join(name, group, topic string, auto bool) (member, error) {
	m := k.start(kafka.ReaderConfig{
		GroupID: group, Topic: topic, StartOffset: kafka.FirstOffset,
		SessionTimeout: session, HeartbeatInterval: heartbeat, JoinGroupBackoff: heartbeat,
		Dialer: &kafka.Dialer{ClientID: name, Timeout: limit},
	})
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	next := m.reader.ReadMessage // commits before it returns
	if !auto {
		next = func(ctx context.Context) (kafka.Message, error) {
			message, err := m.reader.FetchMessage(ctx)
			if err == nil {
				err = m.reader.CommitMessages(ctx, message)
			}
			return message, err
		}
	}
	go m.read(ctx, name, next)
	go k.watch(ctx, name, group)
	return m, nil
}

func (k *kafkaGo) follow(name, topic string, partition int) (member, error) {
	m := k.start(kafka.ReaderConfig{Topic: topic, Partition: partition})
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	go m.read(ctx, name, m.reader.FetchMessage)
	return m, nil
}

func (k *kafkaGo) start(config kafka.ReaderConfig) *kafkaGoMember {
	config.Brokers = k.bootstrap
	config.MaxWait = 4 * maxWait // it waits three quarters of it, and closes the connection when all of it is over
	config.ErrorLogger = kafka.LoggerFunc(func(format string, args ...any) { say("log", fmt.Sprintf(format, args...)) })
	return &kafkaGoMember{reader: kafka.NewReader(config), done: make(chan struct{})}
}

func (m *kafkaGoMember) read(ctx context.Context, name string, next func(context.Context) (kafka.Message, error)) {
	defer close(m.done)
	for {
		message, err := next(ctx)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			die(err)
		}
		say("read", name, string(message.Key), string(message.Value), message.Partition)
	}
}

// watch asks the coordinator, since the reader doesn't tell what it was assigned.
func (k *kafkaGo) watch(ctx context.Context, name, group string) {
	before := ""
	for ctx.Err() == nil {
		described, err := k.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
		if err == nil && len(described.Groups) == 1 && described.Groups[0].GroupState == "Stable" {
			for _, each := range described.Groups[0].Members {
				if each.ClientID != name || len(each.MemberAssignments.Topics) == 0 {
					continue
				}
				partitions := each.MemberAssignments.Topics[0].Partitions
				if now := fmt.Sprint(partitions); now != before {
					before = now
					sayAssigned(name, partitions)
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(heartbeat):
		}
	}
}

func (m *kafkaGoMember) leave() error {
	m.stop()
	<-m.done
	return m.reader.Close()
}
