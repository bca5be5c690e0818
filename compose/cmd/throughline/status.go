package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose"
)

// systemStatus is how the system stands. A part that cannot be reached is left out, and the exit status says so.
type systemStatus struct {
	Servers  []serverStatus    `json:"servers"`
	Groups   []groupStatus     `json:"groups"`
	Rows     map[string]uint64 `json:"rows"`     // by table
	Outcomes map[string]uint64 `json:"outcomes"` // of events, by the completeness view
	Open     map[string]uint64 `json:"open"`     // what somebody must look at
}

type serverStatus struct {
	Server  string `json:"server"`
	Address string `json:"address"`
	State   string `json:"state"`
}

type groupStatus struct {
	Group   string `json:"group"`
	State   string `json:"state"`
	Members int    `json:"members"`
	Lag     int64  `json:"lag"`
}

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show what runs, how far each role is behind, and what waits for somebody",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			s := systemStatus{Rows: map[string]uint64{}, Outcomes: map[string]uint64{}, Open: map[string]uint64{}}
			broken := errors.Join(a.kafkaStatus(c.Context(), cfg, &s), a.tableStatus(c.Context(), cfg, &s))
			return errors.Join(a.print(s, s.write), broken)
		},
	}
}

func (a *app) kafkaStatus(ctx context.Context, cfg compose.Config, s *systemStatus) error {
	cl, err := a.client(ctx)
	s.server("Kafka", fmt.Sprint(cfg.Kafka.Brokers), err)
	if err != nil {
		return classify(cfg, err)
	}
	codec, err := a.codec(ctx)
	s.server("schema registry", cfg.Registry.URL, err)
	if err != nil {
		return classify(cfg, err)
	}
	adm := kadm.NewClient(cl)
	lags, err := compose.Lag(ctx, adm, codec)
	if err != nil {
		return classify(cfg, err)
	}
	var groups []string
	for g := range lags {
		groups = append(groups, g)
	}
	sort.Strings(groups)
	described, err := adm.DescribeGroups(ctx, groups...)
	if err != nil {
		return classify(cfg, fmt.Errorf("describing groups: %w", err))
	}
	for _, g := range groups {
		s.Groups = append(s.Groups, groupStatus{Group: g, State: described[g].State, Members: len(described[g].Members), Lag: lags[g]})
	}
	return nil
}

func (a *app) tableStatus(ctx context.Context, cfg compose.Config, s *systemStatus) error {
	conn, err := a.clickhouse(ctx)
	s.server("ClickHouse", cfg.ClickHouse.Addr, err)
	if err != nil {
		return classify(cfg, err)
	}
	for _, q := range []struct {
		into  map[string]uint64
		query string
	}{
		{s.Rows, "SELECT name, n FROM (SELECT 'events' AS name, count() AS n FROM events UNION ALL SELECT 'journal_lines', count() FROM journal_lines UNION ALL SELECT 'stock_deltas', count() FROM stock_deltas UNION ALL SELECT 'stock_positions', count() FROM stock_positions)"},
		{s.Outcomes, "SELECT outcome, count() FROM completeness GROUP BY outcome"},
		{s.Open, "SELECT 'dead_letters', count() FROM dead_letters UNION ALL SELECT 'holds', count() FROM holds WHERE ended_at IS NULL UNION ALL SELECT 'exceptions', count() FROM exceptions"},
	} {
		rows, err := conn.Query(ctx, q.query)
		if err != nil {
			return classify(cfg, err)
		}
		for rows.Next() {
			var name string
			var n uint64
			if err := rows.Scan(&name, &n); err != nil {
				return classify(cfg, err)
			}
			q.into[name] = n
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return classify(cfg, err)
		}
	}
	return nil
}

func (s *systemStatus) server(name, address string, err error) {
	state := "answers"
	if err != nil {
		state = "does not answer"
	}
	s.Servers = append(s.Servers, serverStatus{name, address, state})
}

func (s *systemStatus) write(w io.Writer) {
	var rows [][]string
	for _, v := range s.Servers {
		rows = append(rows, []string{v.Server, v.Address, v.State})
	}
	table(w, []string{"server", "address", "state"}, rows)
	if len(s.Groups) > 0 {
		rows = nil
		for _, g := range s.Groups {
			rows = append(rows, []string{g.Group, g.State, strconv.Itoa(g.Members), strconv.FormatInt(g.Lag, 10)})
		}
		fmt.Fprintln(w)
		table(w, []string{"group", "state", "members", "lag"}, rows)
	}
	for _, part := range []struct {
		title  string
		counts map[string]uint64
	}{{"table", s.Rows}, {"events", s.Outcomes}, {"to look at", s.Open}} {
		if len(part.counts) == 0 {
			continue
		}
		rows = nil
		for name, n := range part.counts {
			rows = append(rows, []string{name, strconv.FormatUint(n, 10)})
		}
		sort.Slice(rows, func(i, j int) bool { return rows[i][0] < rows[j][0] })
		fmt.Fprintln(w)
		table(w, []string{part.title, "count"}, rows)
	}
}
