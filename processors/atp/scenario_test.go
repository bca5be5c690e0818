package atp

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

var update = flag.Bool("update", false, "rewrite the expected deltas and positions in testdata")

// The language of testdata/*.txt, for people who plan stock:
//
//	# a comment
//	given positions                        show every bucket after every block
//
//	wms  inventory.received  R-1; 10 × A; 5 × B at DC2       who says what: document, facts, then one clause per line
//	=>
//	inventory.received  DC1 A on_hand +10, DC2 B on_hand +5  what changes; "nothing" or "dead" where it does not
//	position DC1 A      on_hand 10, unavailable 0, ...       what stands after it
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("listing testdata: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playFile(t, newWorld(t), string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(text); got != want {
				w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
				for i := range min(len(w), len(g)) {
					if w[i] != g[i] {
						t.Fatalf("line %d\nwant %s\ngot  %s", i+1, w[i], g[i])
					}
				}
				t.Fatalf("%d lines, want %d", len(g), len(w))
			}
		})
	}
}

// TestEveryRuleHasAScenario: rules that move stock have a file of their own, the others share nothing.txt.
func TestEveryRuleHasAScenario(t *testing.T) {
	rest, err := os.ReadFile("testdata/nothing.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		text, err := os.ReadFile("testdata/" + strings.ReplaceAll(r.Event, ".", "_") + ".txt")
		if err != nil {
			text = rest
		}
		if !strings.Contains(string(text), "\n"+r.Event+" ") {
			t.Errorf("no scenario shows what %s moves", r.Event)
		}
	}
}

func playFile(t *testing.T, w *world, text string) string {
	t.Helper()
	var out []string
	var block []schemas.Event
	skipping := false
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "=>":
			out = append(out, line)
			for _, e := range block {
				out = append(out, fmt.Sprintf("%-30s  %s", e.EventType(), w.apply(e)))
			}
			if w.showing {
				out = append(out, w.positionLines()...)
			}
			block, skipping = nil, true
			continue
		case trimmed == "":
			skipping = false
		case skipping:
			continue
		case strings.HasPrefix(trimmed, "#"):
		case strings.HasPrefix(trimmed, "given "):
			w.given(trimmed)
		default:
			block = append(block, w.build(trimmed))
		}
		out = append(out, line)
	}
	if len(block) > 0 {
		t.Fatal("the last events have no => after them")
	}
	return strings.Join(out, "\n") + "\n"
}

// apply derives, adds to the positions and says what changed.
func (w *world) apply(e schemas.Event) string {
	w.t.Helper()
	derived, err := Derive(e)
	if Expects(e) != (err != nil || len(derived) > 0) {
		w.t.Errorf("%s: Expects says %v", e.EventType(), Expects(e))
	}
	var poison *schemas.PoisonError
	switch {
	case errors.As(err, &poison):
		return "dead " + string(poison.Class) + ": " + poison.Reason
	case err != nil:
		w.t.Fatalf("an error that is no PoisonError: %v", err)
	case len(derived) == 0:
		return "nothing"
	}
	var parts []string
	for _, x := range derived {
		delta := x.(*schemas.StockDelta)
		for _, l := range delta.Lines {
			part := fmt.Sprintf("%s %s %s %s", delta.Location, l.SKU, strings.ToLower(string(l.Bucket)), signed(l.Qty))
			if l.DueDate.Set {
				part += " on " + l.DueDate.V.String()
			}
			if l.Document != "" {
				part += " of " + l.Document
			}
			parts = append(parts, part)
			w.position(delta.Location, l.SKU).add(l)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func signed(d schemas.Decimal) string {
	if d.Sign() > 0 {
		return "+" + d.Text()
	}
	return d.Text()
}

// position is the sum of the deltas of one SKU at one location.
type position struct {
	buckets map[schemas.Bucket]schemas.Decimal
	open    map[string]schemas.Decimal // demand and inbound by date and document, which must net to zero too
}

func (w *world) position(location, sku string) *position {
	k := location + " " + sku
	if w.positions[k] == nil {
		w.positions[k] = &position{map[schemas.Bucket]schemas.Decimal{}, map[string]schemas.Decimal{}}
	}
	return w.positions[k]
}

func (p *position) add(l schemas.DeltaLine) {
	p.buckets[l.Bucket] = p.buckets[l.Bucket].Add(l.Qty)
	k := fmt.Sprint(l.Bucket, l.DueDate, l.Document)
	p.open[k] = p.open[k].Add(l.Qty)
}

// atp counts all open demand, whatever its date, and no inbound (domain.md §3.2).
func (p *position) atp() schemas.Decimal {
	b := p.buckets
	return b[schemas.BucketON_HAND].Sub(b[schemas.BucketUNAVAILABLE]).Sub(b[schemas.BucketRESERVED]).
		Sub(b[schemas.BucketOPEN_DEMAND]).Sub(b[schemas.BucketSAFETY_STOCK])
}

func (w *world) positionLines() (lines []string) {
	for k, p := range w.positions {
		line := fmt.Sprintf("%-30s ", "position "+k)
		for _, b := range []schemas.Bucket{schemas.BucketON_HAND, schemas.BucketUNAVAILABLE, schemas.BucketRESERVED, schemas.BucketOPEN_DEMAND, schemas.BucketINBOUND, schemas.BucketSAFETY_STOCK} {
			line += fmt.Sprintf(" %s %s,", strings.ToLower(string(b)), p.buckets[b].Text())
		}
		if back := p.buckets[schemas.BucketINBOUND_RETURN]; !back.IsZero() {
			line += " expected back " + back.Text() + ","
		}
		lines = append(lines, line+" ATP "+p.atp().Text())
	}
	slices.Sort(lines)
	return lines
}
