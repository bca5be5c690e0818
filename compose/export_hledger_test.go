package compose_test

import (
	"errors"
	"strings"
	"testing"

	program "github.com/throughline/throughline/compose/hledger"
	"github.com/throughline/throughline/schemas"
)

// hledger is the program, and fails the test itself.
type hledger struct{ program.Program }

// startHledger finds or installs it. A machine that cannot have it is a skip; an apt that cannot give it is a failure.
func startHledger(t testing.TB) hledger {
	t.Helper()
	p, err := program.Find(t.Context())
	if errors.Is(err, program.ErrNone) {
		t.Skip("SKIPPED, NOT PASSED:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	h := hledger{p}
	t.Log(strings.TrimSpace(h.run(t, "--version")))
	return h
}

func (h hledger) run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := h.Run(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (h hledger) balances(t testing.TB, file string, cost bool) map[string]schemas.Decimal {
	t.Helper()
	sums, err := h.Balances(t.Context(), file, cost)
	if err != nil {
		t.Fatal(err)
	}
	return sums
}
