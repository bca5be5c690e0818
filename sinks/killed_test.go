package sinks

import (
	"testing"

	"github.com/throughline/throughline/compose/embedded"
)

// F2, F6: ClickHouse is killed while the sink inserts, and comes back with what it had acknowledged. Counts and sums are exact.
func TestClickHouseKilled(t *testing.T) {
	ch, err := embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ch.Kill() })
	c := Config{Addr: ch.Addr()}
	if err := Migrate(t.Context(), c, someAccounts); err != nil {
		t.Fatal(err)
	}
	conn, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := startBroker(t)
	s := b.sink(t, conn, "journal_lines")
	s.MaxRows = 20
	start(t, s)
	all := entries(2000)
	b.send(t, all[:1000]...)
	eventually(t, "some is committed", func() bool { return b.committed(t, s.Tables[0]) >= 100 })
	if err := ch.Kill(); err != nil {
		t.Logf("the engine ended: %v", err)
	}
	b.send(t, all[1000:]...)
	if err := ch.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is committed", func() bool { return b.committed(t, s.Tables[0]) == 2000 })
	onceInTheBooks(t, conn, 2000)
}
