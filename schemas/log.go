package schemas

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What the three loops share: the fate of an error, what halts them, how they reach the log.

// Fate is what becomes of a record, or of the process, after an error.
type Fate uint8

const (
	Transient Fate = iota // abort, back off, poll again; never a letter
	Poison                // a dead letter, in the same transaction
	Fatal                 // Run returns and the process exits
)

// EXTERNAL errors: each names what an operator can do.
var (
	// ErrOffsetsLost is returned when a group that was seeded has no committed offset: starting anywhere would lose or repeat records.
	ErrOffsetsLost = errors.New("the group has lost its committed offsets")
	// ErrNotSeeded is returned when nobody ever said where a group begins.
	ErrNotSeeded = errors.New("the group has no first offsets: run `throughline migrate`")
	// ErrLogMoved is returned when the log no longer holds what the group wants to read next.
	ErrLogMoved = errors.New("the log does not hold the next record of the group")
	// ErrPoisonBatch is returned when a whole batch cannot be opened: too large when decompressed, or its checksum is wrong.
	ErrPoisonBatch = errors.New("a batch cannot be opened: step over it with `throughline skip`")
	// ErrFenced is returned when another process with the same transactional id or instance id has taken over.
	ErrFenced = errors.New("another process with the same identity has taken over: give each replica its own --replica")
	// ErrTopicSettings is returned when a topic is missing or not set as the catalog says.
	ErrTopicSettings = errors.New("a topic is not as it must be: run `throughline migrate`, or correct it")
	// ErrStuck is returned when a loop has not moved for the watchdog's time.
	ErrStuck = errors.New("the loop has not moved")
)

var fatal = []error{
	ErrOffsetsLost, ErrNotSeeded, ErrLogMoved, ErrPoisonBatch, ErrFenced, ErrTopicSettings, ErrStuck,
	kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.FencedInstanceID, kerr.TransactionalIDAuthorizationFailed,
	kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.SaslAuthenticationFailed,
	kerr.UnsupportedSaslMechanism, kerr.MessageTooLarge, kgo.ErrClientClosed,
}

// FateOf sorts an error: the one place where that is decided.
func FateOf(err error) Fate {
	if errors.Is(err, ErrPoison) {
		return Poison
	}
	for _, f := range fatal {
		if errors.Is(err, f) {
			return Fatal
		}
	}
	return Transient
}

// HaltOf turns the errors of a poll into the one that halts the loop, nil where none does. Data loss, an offset out of range and a batch that
// cannot be opened halt with a named error: a reset under a transactional loop would reprocess everything and call it exactly once.
func HaltOf(fs kgo.Fetches) error {
	var halt error
	fs.EachError(func(topic string, partition int32, err error) {
		if halt != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return
		}
		at := fmt.Sprintf("reading %s/%d", topic, partition)
		var loss *kgo.ErrDataLoss
		switch {
		case errors.As(err, &loss), errors.Is(err, kerr.OffsetOutOfRange), errors.Is(err, kerr.UnknownTopicID):
			halt = fmt.Errorf("%s: %w: %w. Was the topic truncated or made again? Audit, then seed the group anew", at, ErrLogMoved, err)
		case errors.Is(err, kgo.ErrMaxDecompress), errors.Is(err, kerr.CorruptMessage), says(err, brokenBatch...):
			halt = fmt.Errorf("%s: %w: %w", at, ErrPoisonBatch, err)
		case FateOf(err) == Fatal:
			halt = fmt.Errorf("%s: %w", at, err)
		case says(err, "no prior committed offset"):
			halt = fmt.Errorf("%s: %w: %w", at, ErrOffsetsLost, err)
		}
	})
	return halt
}

// brokenBatch is what the client says of a batch that it cannot open, in errors that have no name (kgo v1.22.3; a test provokes them). It repeats the
// fetch for ever and goes on with the other partitions: unnoticed, one partition would stand still.
var brokenBatch = []string{"unable to decompress batch", "does not match calculated crc", "too short to allow for a crc", "unknown magic", "unknown batch magic",
	"invalid record batch", "not enough data", "does not match read length"}

func says(err error, any ...string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return strings.Contains(err.Error(), s) })
}

// NameOfFence wraps what the brokers say to a zombie into ErrFenced.
func NameOfFence(err error) error {
	for _, f := range []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.FencedInstanceID} {
		if errors.Is(err, f) {
			return fmt.Errorf("%w: %w", ErrFenced, err)
		}
	}
	return err
}

// ReadOptions are what every consumer of ours has: committed records only, no reset, bounded decompression.
func ReadOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.MaxDecompressBatchBytes(16 << 20),
		kgo.FetchMaxBytes(16 << 20),
		kgo.FetchMaxPartitionBytes(4 << 20),
		// Without it a cold coordinator's CONCURRENT_TRANSACTIONS stalls for seconds: the client waits for metadata five seconds old.
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
}

// WriteOptions are what every producer of ours has.
func WriteOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(letterMax),
		kgo.MaxBufferedRecords(200_000),
		kgo.MaxBufferedBytes(256 << 20),
		// Measured end to end: lz4 takes a tenth of every role's time, Snappy's assembler a quarter of that for batches a few percent larger.
		kgo.ProducerBatchCompression(kgo.SnappyCompression(), kgo.NoCompression()),
		kgo.RecordPartitioner(partitioner{}),
	}
}

// Backoff waits before attempt n (from 0) is repeated: 100 ms, doubling to 5 s; it returns early when ctx ends.
func Backoff(ctx context.Context, n int) {
	d := 100 * time.Millisecond << min(n, 6)
	t := time.NewTimer(min(d, 5*time.Second))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Patiently repeats what a loop must know before it begins for as long as its failure is transient: a coordinator that moves while a role starts must not
// end the role. It returns nil, the error that no waiting helps, or what ended ctx.
func Patiently(ctx context.Context, log *slog.Logger, doing string, try func() error) error {
	for attempt := 0; ; attempt++ {
		err := try()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil || FateOf(err) != Transient {
			return err
		}
		log.Warn("waiting and trying again", "doing", doing, "err", err, "attempt", attempt)
		Backoff(ctx, attempt)
	}
}

// partitioner hashes keys as every Kafka client does (murmur2), but for changelogs, whose partition is that of the input they belong to.
type partitioner struct{}

// ForTopic picks the rule for a topic.
func (partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	if strings.HasPrefix(topic, "changelog.") {
		return kgo.ManualPartitioner().ForTopic(topic)
	}
	return kgo.StickyKeyPartitioner(nil).ForTopic(topic)
}
