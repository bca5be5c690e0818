package main

import (
	"strings"
	"testing"
	"time"
)

// What print writes numbers reads, and rows of two commits meet by name: the ratio is that of each pair, never of two medians from different minutes.
func TestRowsOfTwoCommitsMeet(t *testing.T) {
	table := func(rate string) map[string]float64 {
		b := bench{log: new(strings.Builder), quick: true, rounds: 1}
		b.row(row{what: "entries", ours: rate + "/s (121,700 events/s)", goal: "not slower"})
		b.row(row{what: "the tax", ours: "no number"})
		var s strings.Builder
		if err := b.print(&s, time.Second); err != nil {
			t.Fatal(err)
		}
		return numbers(s.String())
	}
	var all []pair
	for _, p := range [][2]string{{"55,600", "50,000"}, {"20,000", "25,000"}, {"61,200.5", "60,000"}} {
		all = matched(all, table(p[0]), table(p[1]))
	}
	var s strings.Builder
	if err := writePairs(&s, "abc123", all); err != nil {
		t.Fatal(err)
	}
	if want := "| entries | 55,600 | 50,000 | 1.02 | 0.80 to 1.11 |\n"; len(all) != 1 || !strings.Contains(s.String(), want) {
		t.Errorf("got %s\nwant %s", s.String(), want)
	}
}
