package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

// An exception is open until somebody says that it was dealt with; a manifest names those that are open at its close, and stays as it is afterwards.
func TestExceptionsAreResolved(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "12", "--verify").exits(0)
	const entity, period = "ACME-US", "2026-01"
	kept, dealt := s.raise(entity, period, "the one that stays"), s.raise(entity, period, "the one that is dealt with")
	list := func(flags ...string) (rows []exceptionRow) {
		s.run(append([]string{"exceptions", "list", "--code", "E9", "-o", "json"}, flags...)...).exits(0).json(&rows)
		return rows
	}
	if rows := list(); len(rows) != 2 || rows[0].Status != "open" || rows[0].Entity != entity || rows[0].Owner != "Controller" {
		t.Fatalf("raised two, listed %+v", rows)
	}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.json"), filepath.Join(dir, "second.json")
	before := s.closes(first, period, "--entity", entity, "--soft")
	s.run("exceptions", "resolve", dealt).exits(2, "--why is missing")
	s.run("exceptions", "resolve", "x", "--why", "x").exits(2, `"x" is no exception's id`, "throughline exceptions list")
	s.run("exceptions", "resolve", "--why", "x").exits(2, "wants at least one id")
	s.run("exceptions", "resolve", dealt, schemas.NamedID("nobody's").String(), "--why", "x").exits(1, "nobody has raised an exception")
	if rows := list(); len(rows) != 2 {
		t.Errorf("what was refused has resolved something: %+v", rows)
	}
	s.run("exceptions", "resolve", dealt, "--why", "the customer was called", "--who", "anna").exits(0).says("resolved", "by anna at ", "the customer was called")
	s.run("exceptions", "resolve", dealt, "--why", "said again", "--who", "ben").exits(0).says("by anna at ", "the customer was called")
	if rows := list(); len(rows) != 1 || rows[0].ID != kept {
		t.Errorf("open are %+v, want %s", rows, kept)
	}
	if rows := list("--all", "--period", period); len(rows) != 2 {
		t.Errorf("all are %+v", rows)
	}
	after := s.closes(second, period, "--entity", entity, "--soft")
	if names(before) != sorted(kept, dealt) || names(after) != kept {
		t.Errorf("the manifests name %s, then %s; want both, then %s", names(before), names(after), kept)
	}
	alone := s.with("--clickhouse", nobody(t))
	alone.run("verify-close", first).exits(0)
	alone.run("verify-close", second).exits(0)
	s.viewSays(dealt, "resolved anna")
	s.viewSays(kept, "open ")

	s.raise(entity, period, "the one that is dealt with") // the condition came back
	if rows := list(); len(rows) != 2 {
		t.Errorf("a condition that was raised again is not open again: %+v", rows)
	}
	stop().exits(0)
}

func names(m closing.Manifest) string {
	var ids []string
	for _, x := range m.Exceptions {
		if x.Code == "E9" {
			ids = append(ids, x.ID)
		}
	}
	return strings.Join(ids, " ")
}

func sorted(a, b string) string {
	if a > b {
		a, b = b, a
	}
	return a + " " + b
}

// raise writes an exception as admission does, about nothing that the company did.
func (s *servers) raise(entity, period, summary string) string {
	s.t.Helper()
	x := &schemas.ExceptionRaised{Code: "E9", Summary: summary, Owner: "Controller", Thread: "SO-1"}
	x.Meta = schemas.Meta{EventID: schemas.NamedID("exception", summary), LegalEntity: entity, CorrelationID: "SO-1", Period: period, OccurredAt: 1_768_900_000_000_000, OccurredTZOffset: "Z",
		Source: schemas.Source{System: "throughline", Instance: "test", DocType: "exception", DocID: summary}}
	rec, err := s.clusterCodec().Record(x)
	if err == nil {
		err = s.client().ProduceSync(s.t.Context(), rec).FirstErr()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return x.Meta.EventID.String()
}

// viewSays waits until ClickHouse shows status and resolver of an exception.
func (s *servers) viewSays(id, want string) {
	s.t.Helper()
	conn := s.tables()
	eventually(s.t, "the view says "+want, func() bool {
		var got string
		err := conn.QueryRow(s.t.Context(), "SELECT concat(status, ' ', resolved_by) FROM exceptions WHERE exception_id = '"+id+"'").Scan(&got)
		return err == nil && got == want
	})
}
