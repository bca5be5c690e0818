package admission

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// State keys, one letter each: p progress, o the accepted order, d a document that others quote, h a held body, w the index of what a tick must look at.
func progressKey(thread string) string { return "p" + thread }
func orderKey(thread string) string    { return "o" + thread }
func documentKey(thread, kind, id string) string {
	return factKey(thread, kind+":"+id)
}
func factKey(thread, fact string) string    { return "d" + thread + "\x00" + fact }
func holdKey(thread string, n int32) string { return "h" + thread + "\x00" + strconv.Itoa(int(n)) }
func waitingKey(thread string) string       { return "w" + thread }

func encode(b []byte, _ string, v any) ([]byte, error) {
	return schemas.AppendState(b, v.(schemas.StateRecord))
}

func decode(key string, b []byte) (any, error) {
	var rec schemas.StateRecord
	switch key[0] {
	case 'p':
		p := &schemas.ThreadProgress{}
		return p, schemas.ReadGrownState(b, p, 1) // slices came later
	case 'o':
		rec = &schemas.OrderAccepted{}
	case 'd':
		rec = &schemas.ThreadDocument{}
	case 'h':
		rec = &schemas.HeldRecord{}
	case 'w':
		rec = &schemas.ThreadWaiting{}
	default:
		return nil, fmt.Errorf("state key begins with %q: the store is of another version, delete its directory", key[0])
	}
	return rec, schemas.ReadState(b, rec)
}

// thread is the state of one thread, as far as the event at hand touches it.
type thread struct {
	name     string
	progress *schemas.ThreadProgress
	f        *folding
	waited   bool // something waited when the thread was loaded

	lines, reservations index
}

func (f *folding) thread(name string) *thread {
	p, ok := f.st.Get(progressKey(name)).(*schemas.ThreadProgress)
	if !ok {
		p = &schemas.ThreadProgress{}
	}
	return &thread{name: name, progress: p, f: f, waited: len(p.Holds) > 0}
}

func (t *thread) order() *schemas.OrderAccepted {
	o, _ := t.f.st.Get(orderKey(t.name)).(*schemas.OrderAccepted)
	return o
}

func (t *thread) document(kind, id string) *schemas.ThreadDocument {
	if id == "" {
		return nil
	}
	d, _ := t.f.st.Get(documentKey(t.name, kind, id)).(*schemas.ThreadDocument)
	return d
}

func (t *thread) knows(fact string) bool { return slices.Contains(t.progress.Facts, fact) }

func (t *thread) knowsAll(facts []string) bool {
	return !slices.ContainsFunc(facts, func(f string) bool { return !t.satisfied(f) })
}

// learn notes a fact. One that two events bring (a correction that came before the void of what it corrects) stands twice, so that taking one back
// leaves the other.
func (t *thread) learn(fact string) { t.progress.Facts = append(t.progress.Facts, fact) }

func (t *thread) unlearn(fact string) {
	if i := slices.Index(t.progress.Facts, fact); i >= 0 {
		t.progress.Facts = slices.Delete(t.progress.Facts, i, i+1)
	}
}

// standsPrefix begins the fact that says under which rule set an event's entry stands since a rule.superseded, and which that was.
func standsPrefix(id schemas.UUID) string { return "stands:" + id.String() + ":" }

// stand notes that from now on an event's entry stands under another rule set.
func (t *thread) stand(x *schemas.RuleSuperseded) {
	prefix := standsPrefix(x.Meta.Correction.CorrectedEventID)
	t.progress.Facts = slices.DeleteFunc(t.progress.Facts, func(f string) bool { return strings.HasPrefix(f, prefix) })
	t.learn(prefix + x.NewRuleSet + "\x00" + x.Meta.EventID.String() + "\x00" + x.Meta.RuleSet)
}

// superseded says whether an event's entry stands by a rule.superseded.
func (t *thread) superseded(id schemas.UUID) bool {
	prefix := standsPrefix(id)
	return slices.ContainsFunc(t.progress.Facts, func(f string) bool { return strings.HasPrefix(f, prefix) })
}

// standing is the rule set under which an event's entry stands: its own, unless a rule.superseded named another; then by is that one.
func (t *thread) standing(original schemas.Event) (ruleSet string, by *schemas.Standing) {
	prefix := standsPrefix(original.Header().EventID)
	for _, f := range t.progress.Facts {
		noted, ok := strings.CutPrefix(f, prefix)
		if !ok {
			continue
		}
		ruleSet, superseding, _ := strings.Cut(noted, "\x00")
		text, under, _ := strings.Cut(superseding, "\x00")
		id, err := schemas.ParseUUID(text)
		if err != nil {
			return ruleSet, nil // noted before the id was
		}
		return ruleSet, &schemas.Standing{EventID: id, RuleSet: under}
	}
	return original.Header().RuleSet, nil
}

// voidedFact says that an event was taken back.
func voidedFact(id schemas.UUID) string { return "voided:" + id.String() }

// line is how far an order line has come; nil where the order has no such line.
func (t *thread) line(id string) *schemas.LineProgress {
	all := t.progress.Lines
	if i := t.lines.find(len(all), func(i int) string { return all[i].LineID }, id); i >= 0 {
		return &all[i]
	}
	return nil
}

func (t *thread) reservation(id, line string) *schemas.ThreadReservation {
	all := t.progress.Reservations
	if len(all) <= lookThrough { // without a key for each of them
		for i := range all {
			if all[i].LineID == line && all[i].ReservationID == id {
				return &all[i]
			}
		}
		return nil
	}
	if i := t.reservations.find(len(all), func(i int) string { return all[i].ReservationID + "\x00" + all[i].LineID }, id+"\x00"+line); i >= 0 {
		return &all[i]
	}
	return nil
}

// Seen events stand packed in the progress record, 24 bytes each: 8 of the id, 8 of the content hash, the canonical offset (-1 while held).
const seenSize = 24

func shortHash(hash []byte) uint64 {
	if len(hash) < 9 {
		return 0
	}
	return binary.BigEndian.Uint64(hash[1:9]) // the first byte is the hash's version
}

func (t *thread) findSeen(id schemas.UUID) int {
	seen := t.progress.Seen
	for i := 0; i+seenSize <= len(seen); i += seenSize {
		if string(seen[i:i+8]) == string(id[8:]) {
			return i
		}
	}
	return -1
}

func (t *thread) seenHash(id schemas.UUID) (uint64, bool) {
	i := t.findSeen(id)
	if i < 0 {
		return 0, false
	}
	return binary.BigEndian.Uint64(t.progress.Seen[i+8:]), true
}

func (t *thread) seenOffset(id schemas.UUID) (int64, bool) {
	i := t.findSeen(id)
	if i < 0 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(t.progress.Seen[i+16:])), true
}

// see notes an event, whose canonical offset is not known yet.
func (t *thread) see(id schemas.UUID, hash uint64) {
	b := append(t.progress.Seen, id[8:]...)
	b = binary.BigEndian.AppendUint64(b, hash)
	t.progress.Seen = binary.BigEndian.AppendUint64(b, ^uint64(0))
}

func (t *thread) unsee(id schemas.UUID) {
	if i := t.findSeen(id); i >= 0 {
		t.progress.Seen = slices.Delete(t.progress.Seen, i, i+seenSize)
	}
}

// setSeenOffset notes where an admitted event stands in the canonical log.
func (t *thread) setSeenOffset(id schemas.UUID, offset int64) {
	if i := t.findSeen(id); i >= 0 {
		binary.BigEndian.PutUint64(t.progress.Seen[i+16:], uint64(offset))
	}
}
