// clients FAMILY BOOTSTRAP: one client family that does what it is told, a line at a time; see families.py. It judges
// nothing: who tells it knows what has to come back.
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	limit     = 60 * time.Second
	maxWait   = 500 * time.Millisecond // of a Fetch
	session   = 10 * time.Second
	heartbeat = 300 * time.Millisecond
	byKey     = -1 // the partition is the client's to choose
)

// member reads for a group, or follows a partition, until it is told to leave.
type member interface {
	leave() error
}

type family interface {
	partitions(topic string) (int, error)
	// write tells of each record when it is acknowledged.
	write(topic string, keys []string, first, count, partition int) error
	// join's member commits by hand what it has read, before it says so; with auto, the client sees to it.
	join(name, group, topic string, auto bool) (member, error)
	// follow reads one partition from its beginning, without a group.
	follow(name, topic string, partition int) (member, error)
}

var saying sync.Mutex

func say(words ...any) {
	saying.Lock()
	defer saying.Unlock()
	fmt.Println(words...)
}

func sayAssigned(name string, partitions []int) {
	slices.Sort(partitions)
	texts := make([]string, len(partitions))
	for i, each := range partitions {
		texts[i] = strconv.Itoa(each)
	}
	say("assigned", name, strings.Join(texts, ","))
}

func die(err error) {
	say("failed", strings.ReplaceAll(err.Error(), "\n", " "))
	os.Exit(1)
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		die(err)
	}
	return value
}

func keysOf(prefix string, count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return keys
}

type program struct {
	family  family
	members map[string]member
}

func (s *program) obey(words []string) (err error) {
	switch words[0] {
	case "partitions":
		var count int
		if count, err = s.family.partitions(words[1]); err == nil {
			say("partitions", count)
		}
	case "write":
		keys := keysOf(words[2], number(words[3]))
		if err = s.family.write(words[1], keys, number(words[4]), number(words[5]), number(words[6])); err == nil {
			say("done")
		}
	case "join":
		s.members[words[1]], err = s.family.join(words[1], words[2], words[3], words[4] == "auto")
	case "follow":
		s.members[words[1]], err = s.family.follow(words[1], words[2], number(words[3]))
	case "leave":
		if err = s.members[words[1]].leave(); err == nil {
			say("left", words[1])
		}
	default:
		err = fmt.Errorf("no such command: %v", words)
	}
	return err
}

func main() {
	families := map[string]func([]string) family{"franz-go": newFranz, "kafka-go": newKafkaGo}
	obeying := program{families[os.Args[1]](strings.Split(os.Args[2], ",")), map[string]member{}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := obeying.obey(strings.Fields(lines.Text())); err != nil {
			die(fmt.Errorf("%s: %w", lines.Text(), err))
		}
	}
}
