package closing

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// checkUnadmitted and the stage at which it died name a letter that may be accepted: what breaks the contract is published anew by its source, and the letter stays.
const checkUnadmitted = "dead letter of"

// Unread is a letter of intake or admission of which nobody can tell whose books it is about, nor when: it keeps no period from being closed, and stands in the manifest.
type Unread struct {
	ID       string `json:"letter_id"`
	Stage    string `json:"stage"`
	Class    string `json:"class"`
	Reason   string `json:"reason"`
	Owner    string `json:"owner"`
	Position string `json:"position"` // of the record that died
}

// deadEvent is an event that died before it was admitted.
type deadEvent struct {
	b    Blocker
	m    *schemas.Meta // nil where it cannot be read, or names no entity
	hash []byte        // of its content, as the canonical log would say it
	fact bool          // it says that something happened which may have to be booked
}

// unadmitted are the events of the period that died before they came into the canonical log: nothing there lacks its effect, and the period lacks them all the same.
func (d Desk) unadmitted(ctx context.Context, entity, period string, ref *projections.Reference) (all []Blocker, unread []Unread, err error) {
	letters, err := d.Letters(ctx, replay.Filter{Status: []replay.Status{replay.Open, replay.Redriven, replay.Parked}})
	if err != nil {
		return nil, nil, err
	}
	died := map[schemas.UUID][]deadEvent{}
	for _, l := range letters {
		if l.Consumer != schemas.Group("intake") && l.Consumer != schemas.Group("admission") {
			continue
		}
		e, err := d.deadEvent(ctx, l)
		switch {
		case err != nil:
			return nil, nil, err
		case e.m == nil:
			unread = append(unread, Unread{e.b.ID, l.Stage, string(l.Class), l.Reason, l.Owner, e.b.Position})
		case e.fact && e.m.LegalEntity == entity && d.belongs(e.m, period, ref):
			died[e.m.EventID] = append(died[e.m.EventID], e)
			all = append(all, e.b)
		}
	}
	if len(all) == 0 {
		return nil, unread, nil
	}
	came, err := d.cameAgain(ctx, died)
	return slices.DeleteFunc(all, func(b Blocker) bool { return came[b.ID] }), unread, err
}

func (d Desk) deadEvent(ctx context.Context, l *replay.Letter) (deadEvent, error) {
	id, at := l.Meta.EventID.String(), schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}.String()
	x := deadEvent{b: Blocker{What: checkUnadmitted + " " + l.Stage, ID: id, Position: at, Owner: l.Owner, check: checkUnadmitted, kind: l.Stage,
		Detail: fmt.Sprintf("%s died at %s, before it was admitted: %s: %s", l.DeadEventType, l.Stage, l.Class, l.Reason),
		Do: "`throughline dlq show " + id + "`, cure the cause, `throughline dlq redrive`, or let its source publish the fact anew as it should have been; once the books lack nothing of it, let the letter stand: `--accept " +
			id + " --why …`"}}
	dead, err := d.Codec.Deliver(ctx, &kgo.Record{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, Key: l.Key, Value: l.Value})
	if err != nil && schemas.FateOf(err) != schemas.Poison {
		return x, fmt.Errorf("reading dead letter %s: %w", l.Meta.EventID, err)
	}
	if err != nil || dead.Event.Header().LegalEntity == "" {
		return x, nil
	}
	x.m = dead.Event.Header()
	switch dead.Event.(type) {
	case *schemas.PeriodClosed, *schemas.PeriodReopened, *schemas.RuleSuperseded: // what stands goes on standing
	default:
		entry, known := schemas.Lookup(dead.Event.EventType())
		x.fact = known && entry.Kind == schemas.Fact && !d.silent(dead.Event.EventType())
	}
	if x.m.Intake != nil {
		x.hash = x.m.Intake.ContentHash
		return x, nil
	}
	hash := schemas.ContentHash(dead.Event)
	x.hash = append([]byte{schemas.ContentHashVersion}, hash[:]...)
	return x, nil
}

// silent says of an event type that finance books nothing of it, whatever its body says: the books lack nothing by its absence, and what waits for it is held itself.
func (d Desk) silent(eventType string) bool {
	for _, p := range d.Processors {
		if p.Name == "finance" && p.Silent != nil {
			return p.Silent(eventType)
		}
	}
	return false
}

// cameAgain are the letters of events that the canonical log holds all the same: one that came again, with the same content, was let in as if it had never died.
func (d Desk) cameAgain(ctx context.Context, died map[schemas.UUID][]deadEvent) (map[string]bool, error) {
	came := map[string]bool{}
	for rec, err := range schemas.ReadRecords(ctx, d.Cluster, schemas.Span{Topics: schemas.CanonicalTopics(), Open: true}) {
		var m schemas.Meta
		if err == nil {
			_, err = d.Codec.DecodeHeader(ctx, rec.Value, &m)
		}
		if err != nil && (rec == nil || schemas.FateOf(err) != schemas.Poison) {
			return nil, fmt.Errorf("looking whether what died was admitted since: %w", err)
		}
		if err != nil || m.Intake == nil {
			continue
		}
		for _, e := range died[m.EventID] {
			came[e.b.ID] = came[e.b.ID] || bytes.Equal(e.hash, m.Intake.ContentHash)
		}
	}
	return came, nil
}
