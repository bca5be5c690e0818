package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

// What keeps a period open is named with its owner: a hold, a dead letter of finance, and, while finance is away, an effect that has not come yet (S48). A close that
// was announced and could not be finished is finished later, at the instant that was announced.
func TestWhatKeepsAPeriodOpen(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "7", "--orders", "8", "--verify").exits(0)
	const entity, period = "ACME-US", "2026-01"
	file := filepath.Join(t.TempDir(), "close.json")
	stop().exits(0)

	stop = s.start("intake", "admission", "ticker", "chain", "operations", "sinks")
	s.publishFee(entity, "FEE-PENDING")
	s.run("close", period, "--entity", entity, "--patience", "3s", "--out", file).exits(1, "finance has read what stood at the closing instant", "nothing moves")
	s.run("verify-close", entity+"/"+period).exits(2, "no close of")
	stop().exits(0)

	stop = s.start()
	closed := s.closes(file, period, "--entity", entity)
	if e := s.entryOf("FEE-PENDING"); e.Meta.Period != period {
		t.Errorf("the fee that finance owed stands in %s", e.Meta.Period)
	}
	s.run("verify-close", file).exits(0)

	letter := s.writeLetter(entity, period)
	blocked := s.blockedBy(entity, period)
	if blocked[letter] != "dead letter" {
		t.Errorf("letter %s blocks as %q: %v", letter, blocked[letter], blocked)
	}
	s.run("dlq", "redrive", letter, "--why", "the account is mapped").exits(1, "1 of 1 letters were not cured").says("refused", period+" of "+entity+" is closed", "throughline dlq rebook "+letter)
	s.run("dlq", "rebook", letter).exits(2, "--why is missing")
	s.run("dlq", "rebook", "4711", "--why", "x").exits(2, "is no letter id")
	s.run("dlq", "rebook", letter, "--why", "x", "--rule-set", "1999-01").exits(1, "rule set 1999-01 is not announced")
	if again, err := s.recorded(entity, period); err != nil || again != closed.Hash {
		t.Errorf("after a refusal %s stands in finance.closes, want %s (%v)", again, closed.Hash, err)
	}
	held := s.publishOrphan(entity)
	blocked = s.blockedBy(entity, period)
	if blocked[held] != "hold" {
		t.Errorf("event %s, which is held, blocks as %q: %v", held, blocked[held], blocked)
	}
	s.run("close", "2026-07", "--entity", entity, "--soft", "--out", file).exits(0) // neither belongs to July
	stop().exits(0)
}

// writeLetter says, as finance would, that it could not book an event of the period.
func (s *servers) writeLetter(entity, period string) string {
	s.t.Helper()
	codec := s.clusterCodec()
	for d, err := range schemas.Read(s.t.Context(), []kgo.Opt{kgo.SeedBrokers(s.brokers...)}, codec, schemas.Span{Topics: []string{"payments"}}) {
		if err != nil {
			s.t.Fatal(err)
		}
		if m := d.Event.Header(); m.LegalEntity != entity || m.Period != period {
			continue
		}
		return s.letterFor(codec, d)
	}
	s.t.Fatal("no payment in the period")
	return ""
}

// letterFor is the letter that finance writes of an event that it cannot book.
func (s *servers) letterFor(codec *schemas.Codec, d schemas.Delivery) string {
	s.t.Helper()
	l := schemas.NewLetter(schemas.Stage{Name: "processor:finance", Group: schemas.Group("finance")}, d.Record, d.Event,
		&schemas.PoisonError{Class: schemas.DeadLetterClassUNMAPPED_ACCOUNT, Reason: "charge_code is mapped to no account"})
	l.Describe(d.Event)
	rec, err := codec.Record(l)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.client().ProduceSync(s.t.Context(), rec).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
	return l.Meta.EventID.String()
}

func (s *servers) clusterCodec() *schemas.Codec {
	s.t.Helper()
	cfg := compose.Default()
	cfg.Registry.URL = s.registry.URL()
	codec, err := cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	return codec
}

// recorded is the hash of the newest manifest in finance.closes.
func (s *servers) recorded(entity, period string) (hash string, err error) {
	s.t.Helper()
	for d, err := range schemas.Read(s.t.Context(), []kgo.Opt{kgo.SeedBrokers(s.brokers...)}, s.clusterCodec(), schemas.Span{Topics: []string{schemas.TopicCloses}}) {
		if err != nil {
			return "", err
		}
		if c := d.Event.(*schemas.PeriodClose); c.Meta.LegalEntity == entity && c.Period == period {
			hash = c.ManifestHash
		}
	}
	return hash, nil
}

// publishOrphan publishes a shipment of January whose order nobody has accepted, and waits until it is held.
func (s *servers) publishOrphan(entity string) (id string) {
	s.t.Helper()
	e := *s.canonicalOrder()
	e.OrderID, e.ShipmentID = "ORPHAN-1", "ORPHAN-1-S1"
	source := e.Meta.Source
	source.DocID = e.ShipmentID
	e.Meta = schemas.Meta{LegalEntity: entity, OccurredAt: 1_768_900_000_000_000, OccurredTZOffset: "Z", Source: source, EventType: e.EventType(), SchemaVersion: 1}
	for i := range e.Lines {
		l := &e.Lines[i]
		l.Amounts, l.Cost, l.Basis = nil, nil, nil
		l.ReservedConsumed, l.DemandConsumed = schemas.Opt[schemas.Decimal]{}, schemas.Opt[schemas.Decimal]{}
	}
	text, err := schemas.EventJSON(&e)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pipe(string(bytes.TrimSpace(text)), "publish").exits(0)
	eventually(s.t, "the hold", func() bool {
		var held []hold
		s.run("holds", "list", "--order", "ORPHAN-1", "-o", "json").exits(0).json(&held)
		if len(held) == 1 {
			id = held[0].EventID
		}
		return id != ""
	})
	return id
}
