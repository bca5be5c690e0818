package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one line of the table. Numbers are medians.
type row struct {
	what, ours, baseline, ratio, goal string
	met                               verdict
}

type verdict int

const (
	noGoal verdict = iota
	met
	missed
	notMeasured
)

func (v verdict) String() string { return [...]string{"", "yes", "no", "not measured"}[v] }

func meets(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

func (b *bench) row(r row) {
	b.rows = append(b.rows, r)
	fmt.Fprintf(b.log, "%s: %s | %s | %s | %s | %s\n", r.what, r.ours, r.baseline, r.ratio, r.goal, r.met)
}

// print writes the table and the machine that it holds for.
func (b *bench) print(w io.Writer, took time.Duration) error {
	var s strings.Builder
	s.WriteString("\n| what | ours | baseline | ratio | goal | met |\n|---|---:|---:|---:|---|---|\n")
	for _, r := range b.rows {
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %s |\n", r.what, r.ours, r.baseline, r.ratio, r.goal, r.met)
	}
	kind := fmt.Sprintf("medians of %d runs", b.rounds)
	if b.quick {
		kind = "quick run, one round each: a hint, no measurement"
	}
	fmt.Fprintf(&s, "\n%s; %s; %s in all.\n", machine(), kind, took.Round(time.Second))
	_, err := io.WriteString(w, s.String())
	return err
}

// median of an odd or even number of values; NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// count writes a number with thousands apart.
func count(x float64) string {
	s := strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func times(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) + "x" }
