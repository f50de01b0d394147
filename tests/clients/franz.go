package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

type franz struct{ bootstrap []string }

func newFranz(bootstrap []string) family { return &franz{bootstrap} }

func (f *franz) client(more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(more, kgo.SeedBrokers(f.bootstrap...), kgo.FetchMaxWait(maxWait))...)
}

func (f *franz) partitions(topic string) (int, error) {
	client, err := f.client()
	if err != nil {
		return 0, err
	}
	defer client.Close()
	request := kmsg.NewPtrMetadataRequest()
	wanted := kmsg.NewMetadataRequestTopic()
	wanted.Topic = kmsg.StringPtr(topic)
	request.Topics = append(request.Topics, wanted)
	response, err := request.RequestWith(context.Background(), client)
	if err != nil {
		return 0, err
	}
	return len(response.Topics[0].Partitions), kerr.ErrorForCode(response.Topics[0].ErrorCode)
}

func (f *franz) write(topic string, keys []string, first, count, partition int) error {
	partitioner := kgo.StickyKeyPartitioner(nil)
	if partition != byKey {
		partitioner = kgo.ManualPartitioner()
	}
	client, err := f.client(kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(partitioner))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for number := first; number < first+count; number++ {
		for _, key := range keys {
			record := &kgo.Record{Key: []byte(key), Value: []byte(strconv.Itoa(number)), Partition: int32(partition)}
			client.Produce(ctx, record, func(sent *kgo.Record, failed error) {
				if failed != nil {
					die(failed)
				}
				say("written", string(sent.Key), string(sent.Value), sent.Partition)
			})
		}
	}
	return client.Flush(ctx)
}

type franzMember struct {
	name   string
	client *kgo.Client
	stop   context.CancelFunc
	done   chan struct{}

	cooperative bool
	owned       []int // the client calls back one at a time
}

// join takes the cooperative protocol where the member commits by hand, and the eager one where the client does: with
// that, what is assigned is all there is, and revocations stay the client's own business.
func (f *franz) join(name, group, topic string, auto bool) (member, error) {
	m := &franzMember{name: name}
	options := []kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(session), kgo.HeartbeatInterval(heartbeat), kgo.OnPartitionsAssigned(m.assigned),
	}
	if auto {
		options = append(options, kgo.AutoCommitInterval(100*time.Millisecond), kgo.Balancers(kgo.RangeBalancer()))
	} else {
		// Nothing is taken away between a poll and its commit.
		options = append(options, kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
			kgo.OnPartitionsRevoked(m.revoked), kgo.OnPartitionsLost(m.revoked))
		m.cooperative = true
	}
	return m.start(f, !auto, options)
}

func (f *franz) follow(name, topic string, partition int) (member, error) {
	from := map[string]map[int32]kgo.Offset{topic: {int32(partition): kgo.NewOffset().At(0)}}
	m := &franzMember{name: name}
	return m.start(f, false, []kgo.Opt{kgo.ConsumePartitions(from)})
}

func (m *franzMember) start(f *franz, commits bool, options []kgo.Opt) (member, error) {
	client, err := f.client(options...)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	m.client, m.stop, m.done = client, stop, make(chan struct{})
	go m.read(ctx, commits)
	return m, nil
}

func (m *franzMember) assigned(_ context.Context, _ *kgo.Client, added map[string][]int32) {
	if !m.cooperative {
		m.owned = nil
	}
	for _, partitions := range added {
		for _, each := range partitions {
			m.owned = append(m.owned, int(each))
		}
	}
	sayAssigned(m.name, m.owned)
}

func (m *franzMember) revoked(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	for _, partitions := range lost {
		m.owned = slices.DeleteFunc(m.owned, func(each int) bool { return slices.Contains(partitions, int32(each)) })
	}
	sayAssigned(m.name, m.owned)
}

func (m *franzMember) read(ctx context.Context, commits bool) {
	defer close(m.done)
	for ctx.Err() == nil {
		fetches := m.client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil && ctx.Err() == nil {
			die(err)
		}
		fetches.EachError(func(_ string, _ int32, err error) {
			if ctx.Err() == nil {
				die(err)
			}
		})
		if commits && !fetches.Empty() {
			if err := m.client.CommitUncommittedOffsets(context.Background()); err != nil {
				die(err)
			}
		}
		fetches.EachRecord(func(r *kgo.Record) { say("read", m.name, string(r.Key), string(r.Value), r.Partition) })
		m.client.AllowRebalance()
	}
}

func (m *franzMember) leave() error {
	m.stop()
	<-m.done
	m.client.CloseAllowingRebalance()
	return nil
}
