package replay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/schemas"
)

// Selection says which canonical events a replay is about. Empty fields select everything.
type Selection struct {
	Processor string   `json:"processor"`          // finance or atp-deltas
	From      []string `json:"from,omitempty"`     // positions (orders/0@12: only the partitions named are selected), or one instant in RFC 3339
	To        []string `json:"to,omitempty"`       // exclusive; likewise
	Order     string   `json:"order,omitempty"`    // thread of the event
	SKU       string   `json:"sku,omitempty"`      // named anywhere in the event
	Types     []string `json:"types,omitempty"`    // event types
	RuleSet   string   `json:"rule_set,omitempty"` // derive as if this one were stamped: to look at, such a plan cannot be applied
}

// Window is a part of one partition, To exclusive.
type Window struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
}

// ParsePosition reads topic/partition@offset.
func ParsePosition(s string) (schemas.Position, error) {
	slash, at := strings.LastIndexByte(s, '/'), strings.LastIndexByte(s, '@')
	if slash > 0 && at > slash {
		partition, perr := strconv.ParseInt(s[slash+1:at], 10, 32)
		offset, oerr := strconv.ParseInt(s[at+1:], 10, 64)
		if perr == nil && oerr == nil && partition >= 0 && offset >= 0 {
			return schemas.Position{Topic: s[:slash], Partition: int32(partition), Offset: offset}, nil
		}
	}
	return schemas.Position{}, fmt.Errorf("%q is no position: want topic/partition@offset, for example orders/0@12", s)
}

// bound is one side of a selection: offsets of some partitions, or an instant.
type bound struct {
	at       time.Time
	offsets  map[schemas.Position]int64 // offset 0 in the key
	explicit bool
}

func parseBound(flag string, values []string) (b bound, err error) {
	b.offsets = map[schemas.Position]int64{}
	for _, v := range values {
		if t, err := time.Parse(time.RFC3339, v); err == nil && len(values) == 1 {
			b.at = t
			return b, nil
		}
		p, err := ParsePosition(v)
		if err != nil {
			return b, fmt.Errorf("%w: %s: %w, or one instant such as 2026-03-01T00:00:00Z", ErrSelection, flag, err)
		}
		if !slices.Contains(schemas.CanonicalTopics(), p.Topic) {
			return b, fmt.Errorf("%w: %s: %s is no canonical topic; there are %s", ErrSelection, flag, p.Topic, strings.Join(schemas.CanonicalTopics(), ", "))
		}
		b.explicit = true
		b.offsets[schemas.Position{Topic: p.Topic, Partition: p.Partition}] = p.Offset
	}
	return b, nil
}

// windows resolves the selection to exact offsets: an instant becomes the first offset of a record that is not older, in each partition, also where it
// falls into a gap; and nothing reaches beyond what the processor has committed, because what lies there will be derived anyway.
func (s Selection) windows(ctx context.Context, adm *kadm.Client, done kadm.OffsetResponses) ([]Window, error) {
	from, err := parseBound("--from", s.From)
	if err != nil {
		return nil, err
	}
	to, err := parseBound("--to", s.To)
	if err != nil {
		return nil, err
	}
	topics := schemas.CanonicalTopics()
	starts, err := listed(adm.ListStartOffsets(ctx, topics...))
	if err != nil {
		return nil, err
	}
	lower, err := instant(ctx, adm, from, starts)
	if err != nil {
		return nil, err
	}
	upper, err := instant(ctx, adm, to, nil)
	if err != nil {
		return nil, err
	}
	var all []Window
	starts.Each(func(o kadm.ListedOffset) {
		at := schemas.Position{Topic: o.Topic, Partition: o.Partition}
		first, named := from.offsets[at]
		last, alsoNamed := to.offsets[at]
		if (from.explicit || to.explicit) && !named && !alsoNamed {
			return
		}
		w := Window{Topic: o.Topic, Partition: o.Partition, From: max(o.Offset, first)}
		if c, ok := done.Lookup(o.Topic, o.Partition); ok {
			w.To = max(c.At, 0)
		}
		if l, ok := lower.Lookup(o.Topic, o.Partition); ok {
			w.From = max(w.From, l.Offset)
		}
		if u, ok := upper.Lookup(o.Topic, o.Partition); ok {
			w.To = min(w.To, u.Offset)
		}
		if alsoNamed {
			w.To = min(w.To, last)
		}
		if w.From < w.To {
			all = append(all, w)
		}
	})
	slices.SortFunc(all, func(a, b Window) int {
		return cmp.Or(cmp.Compare(slices.Index(topics, a.Topic), slices.Index(topics, b.Topic)), cmp.Compare(a.Partition, b.Partition))
	})
	return all, nil
}

// instant is the offsets of a bound that is one, else what is given.
func instant(ctx context.Context, adm *kadm.Client, b bound, otherwise kadm.ListedOffsets) (kadm.ListedOffsets, error) {
	if b.at.IsZero() {
		return otherwise, nil
	}
	return listed(adm.ListOffsetsAfterMilli(ctx, b.at.UnixMilli(), schemas.CanonicalTopics()...))
}

func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("listing offsets of the canonical topics: %w", err)
	}
	return offsets, nil
}

// span is what a list of windows covers.
func span(windows []Window) schemas.Span {
	s := schemas.Span{Only: map[schemas.Position]bool{}, From: map[string]map[int32]int64{}, Until: map[string]map[int32]int64{}}
	for _, w := range windows {
		if s.From[w.Topic] == nil {
			s.From[w.Topic], s.Until[w.Topic] = map[int32]int64{}, map[int32]int64{}
			s.Topics = append(s.Topics, w.Topic)
		}
		s.Only[schemas.Position{Topic: w.Topic, Partition: w.Partition}] = true
		s.From[w.Topic][w.Partition], s.Until[w.Topic][w.Partition] = w.From, w.To
	}
	return s
}

// selects says whether the filters let an event through.
func (s Selection) selects(d schemas.Delivery) (bool, error) {
	m := d.Event.Header()
	if s.Order != "" && m.CorrelationID != s.Order {
		return false, nil
	}
	if len(s.Types) > 0 && !slices.Contains(s.Types, d.Event.EventType()) {
		return false, nil
	}
	if s.SKU == "" {
		return true, nil
	}
	if !bytes.Contains(d.Record.Value, []byte(s.SKU)) { // strings stand in Avro as they are
		return false, nil
	}
	text, err := schemas.EventJSON(d.Event)
	if err != nil {
		return false, fmt.Errorf("looking for a SKU in %s: %w", d.Position, err)
	}
	quoted, err := json.Marshal(s.SKU)
	if err != nil {
		return false, err
	}
	return bytes.Contains(text, append([]byte(`sku":`), quoted...)), nil
}
