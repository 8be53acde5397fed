// Says of each completed import what became of its rows: go run . [--from-start]
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const clocks = time.Minute // how far two machines' clocks may be apart

var (
	kafka     = strings.Split(setting("KAFKA", "localhost:9092"), ",")
	lifecycle = setting("TOPIC_PREFIX", "") + "imports.lifecycle"
	results   = setting("TOPIC_PREFIX", "") + "imports.results"
	group     = setting("GROUP", "example-go")
	doneFile  = setting("DONE", "done.txt")
)

// Completed is what is read here of an ImportCompleted event.
type Completed struct {
	ImportID  string    `json:"import_id"`
	FileName  string    `json:"file_name"`
	StartedAt time.Time `json:"started_at"`
}

// Result is what is read here of one record's result.
type Result struct {
	ImportID string `json:"import_id"`
	Row      int    `json:"row"`
	Outcome  string `json:"outcome"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	options := []kgo.Opt{
		kgo.SeedBrokers(kafka...), kgo.ConsumeTopics(lifecycle), kgo.ConsumerGroup(group), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
	if slices.Contains(os.Args[1:], "--from-start") { // all that the topic still holds, once more
		options = append(options, kgo.AdjustFetchOffsetsFn(toStart))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for iter := fetches.RecordIter(); !iter.Done(); {
			if err := onLifecycle(ctx, iter.Next()); err != nil {
				log.Fatal(err) // started again, it gets the same event again
			}
		}
		if err := client.CommitUncommittedOffsets(ctx); err != nil && ctx.Err() == nil { // after the work
			log.Fatal(err)
		}
	}
}

func toStart(_ context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	for _, partitions := range offsets {
		for partition := range partitions {
			partitions[partition] = kgo.NewOffset().AtStart()
		}
	}
	return offsets, nil
}

// onLifecycle deals with ImportCompleted; other types, and those still to come, are passed over.
func onLifecycle(ctx context.Context, record *kgo.Record) error {
	if header(record, "ce_type") != "rollcall.ImportCompleted" {
		return nil
	}
	id := header(record, "ce_id")
	if isDone(id) {
		fmt.Printf("{\"event\": %q, \"again\": true}\n", id)
		return nil
	}
	var completed Completed
	if err := json.Unmarshal(record.Value, &completed); err != nil {
		return err
	}
	rows, err := rowsOf(ctx, completed)
	if err != nil {
		return err
	}
	outcomes := map[string]int{}
	for _, result := range rows {
		outcomes[result.Outcome]++
	}
	line, err := json.Marshal(map[string]any{"event": id, "file": completed.FileName, "outcomes": outcomes})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	return remember(id)
}

// rowsOf reads the results of a completed import. When ImportCompleted is told all of them are on the topic, so it is
// enough to read from where Run was pressed up to the end as it is now. A row that is there twice says the same twice.
func rowsOf(ctx context.Context, completed Completed) (map[int]Result, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka...))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	ends, err := admin.ListEndOffsets(ctx, results)
	if err != nil {
		return nil, err
	}
	starts, err := admin.ListOffsetsAfterMilli(ctx, completed.StartedAt.Add(-clocks).UnixMilli(), results)
	if err != nil {
		return nil, err
	}
	client.AddConsumePartitions(starts.KOffsets())
	unread := map[int32]int64{} // partition -> where to stop
	ends.Each(func(end kadm.ListedOffset) {
		if start, ok := starts.Lookup(results, end.Partition); ok && start.Offset < end.Offset {
			unread[end.Partition] = end.Offset
		}
	})
	rows := map[int]Result{}
	for len(unread) > 0 && ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for iter := fetches.RecordIter(); !iter.Done(); {
			record := iter.Next()
			var result Result
			if err := json.Unmarshal(record.Value, &result); err != nil {
				return nil, err
			}
			if result.ImportID == completed.ImportID {
				rows[result.Row] = result
			}
			if record.Offset+1 >= unread[record.Partition] {
				delete(unread, record.Partition)
			}
		}
	}
	return rows, ctx.Err()
}

// isDone and remember keep the ids of events in a file. In a real system this is a table, written in the transaction of
// whatever the event led to: then an event that comes twice, as any may, has its effect once.
func isDone(id string) bool {
	ids, _ := os.ReadFile(doneFile)
	return slices.Contains(strings.Fields(string(ids)), id)
}

func remember(id string) error {
	file, err := os.OpenFile(doneFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, id)
	return err
}

func header(record *kgo.Record, name string) string {
	for _, header := range record.Headers {
		if header.Key == name {
			return string(header.Value)
		}
	}
	return ""
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
