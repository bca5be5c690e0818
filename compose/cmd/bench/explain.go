package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/explain"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
)

// measureExplain is the part "explain": why entries are what they are, asked for entries all over a loaded log, in this process and as the whole command.
func measureExplain(ctx context.Context, b *bench) error {
	lives, asked, commands := 20_000, 200, 20
	if b.quick {
		lives, asked, commands = 500, 50, 5
	}
	s, err := b.start(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.run(compose.RoleNames()...); err != nil {
		return err
	}
	w, err := s.settle(ctx)
	if err != nil {
		return err
	}
	if err := w.publish(ctx, lives, 0); err != nil {
		return err
	}
	if _, err := w.visible(ctx); err != nil {
		return err
	}
	ids, err := s.someEntries(ctx, asked)
	if err != nil {
		return err
	}
	desk := explain.Desk{Cluster: s.cluster, Codec: s.codec, Conn: s.conn, Derive: finance.Derive, Rounding: func(string) (schemas.RoundingMode, bool) { return finance.RuleSets[0].Rounding, true }}
	took, err := timed(ids, func(id schemas.UUID) error {
		x, err := desk.Why(ctx, id)
		if err == nil && len(x.Entries) == 0 {
			err = fmt.Errorf("explaining %s gave no entry", id)
		}
		return err
	})
	if err != nil {
		return err
	}
	b.explainRow(fmt.Sprintf("explain an entry of %d events", w.events), took)
	program, err := b.build(ctx, "./compose/cmd/throughline")
	if err != nil {
		return err
	}
	took, err = timed(ids[:commands], func(id schemas.UUID) error {
		cmd := exec.CommandContext(ctx, program, "explain", id.String())
		cmd.Env = append(os.Environ(), s.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("throughline explain %s: %w: %s", id, err, out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.explainRow("… as a command, from start to end", took)
	return nil
}

// someEntries are ids of entries all over the journal, the same for the same journal.
func (s *system) someEntries(ctx context.Context, n int) ([]schemas.UUID, error) {
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT toString(entry_id) AS id FROM journal_lines_log ORDER BY sipHash64(id), id LIMIT ?", n)
	if err != nil {
		return nil, fmt.Errorf("asking for entries: %w", err)
	}
	defer rows.Close()
	var ids []schemas.UUID
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("reading entries: %w", err)
		}
		id, err := schemas.ParseUUID(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) < n {
		return nil, fmt.Errorf("%d entries of %d: %w", len(ids), n, err)
	}
	return ids, nil
}

// timed gives what each call took, in milliseconds, sorted.
func timed(ids []schemas.UUID, ask func(schemas.UUID) error) ([]float64, error) {
	took := make([]float64, 0, len(ids))
	for _, id := range ids {
		begin := time.Now()
		if err := ask(id); err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
	}
	slices.Sort(took)
	return took, nil
}

func (b *bench) explainRow(what string, took []float64) {
	b.row(row{what: what, ours: fmt.Sprintf("median %.0f ms, slowest of %d %.0f ms", median(took), len(took), took[len(took)-1]), goal: "< 200 ms", met: meets(median(took) < 200)})
}
