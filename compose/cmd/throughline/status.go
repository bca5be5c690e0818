package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/schemas"
)

// systemStatus is how the system stands. A part that cannot be reached is left out, and the exit status says so.
type systemStatus struct {
	Servers     []serverStatus    `json:"servers"`
	Groups      []groupStatus     `json:"groups"`
	Rows        map[string]uint64 `json:"rows"`         // by table
	Events      map[string]uint64 `json:"events"`       // by outcome: the completeness view
	DeadLetters map[string]uint64 `json:"dead_letters"` // by class, cured ones too
	Holds       map[string]uint64 `json:"holds"`        // that stand, by the team that must bring what they lack
	Exceptions  uint64            `json:"exceptions"`
}

type serverStatus struct {
	Server  string `json:"server"`
	Address string `json:"address"`
	State   string `json:"state"`
}

type groupStatus struct {
	Group   string `json:"group"`
	Role    string `json:"role"`
	State   string `json:"state"`
	Members int    `json:"members"`
	Lag     int64  `json:"lag"`
}

// statusWithin bounds each part of a status: a server that hangs hides no other.
const statusWithin = 15 * time.Second

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show what runs, how far each role is behind, and what waits for somebody",
		Long: "Shows whether brokers, registry and ClickHouse answer; every consumer group with its members and its lag in records; what became of every event; dead\n" +
			"letters by class, cured ones too (`throughline dlq list` has those that are open), and holds by the team that must act. The exit\n" +
			"status is 1 where an effect is missing that must be there, and 3 where a server does not answer.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			var s systemStatus
			var broken []error
			for _, part := range []func(context.Context, compose.Config, *systemStatus) error{a.kafkaStatus, a.registryStatus, a.tableStatus} {
				ctx, cancel := context.WithTimeout(c.Context(), statusWithin)
				broken = append(broken, classify(cfg, part(ctx, cfg, &s)))
				cancel()
			}
			if n := s.Events["missing"]; n > 0 {
				broken = append(broken, found(fmt.Errorf("%d events miss an effect that must be there: `throughline audit` names them", n)))
			}
			return errors.Join(a.print(s, s.write), errors.Join(broken...))
		},
	}
}

func (a *app) kafkaStatus(ctx context.Context, cfg compose.Config, s *systemStatus) error {
	cl, err := a.client(ctx)
	s.server("Kafka", strings.Join(cfg.Kafka.Brokers, ", "), err)
	if err != nil {
		return err
	}
	adm := kadm.NewClient(cl)
	lags, err := compose.Lag(ctx, adm, schemas.NewCodec(nil, schemas.OfflineIDs())) // which groups there are does not hang on the registry
	if err != nil {
		return err
	}
	groups := slices.Sorted(maps.Keys(lags))
	described, err := adm.DescribeGroups(ctx, groups...)
	if err != nil {
		return fmt.Errorf("describing groups: %w", err)
	}
	for _, g := range groups {
		state := described[g].State
		if state == "Dead" {
			state = "has no offsets"
		}
		s.Groups = append(s.Groups, groupStatus{Group: g, Role: roleOf(g), State: state, Members: len(described[g].Members), Lag: lags[g]})
	}
	return nil
}

// roleOf is the role that runs a group; all sinks are one.
func roleOf(group string) string {
	role := strings.TrimPrefix(group, schemas.Group(""))
	if strings.HasPrefix(role, "sink-") {
		return "sinks"
	}
	return role
}

func (a *app) registryStatus(ctx context.Context, cfg compose.Config, s *systemStatus) error {
	_, err := a.codec(ctx)
	s.server("schema registry", cfg.Registry.URL, err)
	return err
}

func (a *app) tableStatus(ctx context.Context, cfg compose.Config, s *systemStatus) error {
	conn, err := a.clickhouse(ctx)
	s.server("ClickHouse", cfg.ClickHouse.Addr, err)
	if err != nil {
		return err
	}
	exceptions := map[string]uint64{}
	for _, q := range []struct {
		into  *map[string]uint64
		query string
	}{
		{&s.Rows, "SELECT name, n FROM (SELECT 'events' AS name, count() AS n FROM events UNION ALL SELECT 'journal_lines', count() FROM journal_lines " +
			"UNION ALL SELECT 'stock_deltas', count() FROM stock_deltas UNION ALL SELECT 'stock_positions', count() FROM stock_positions)"},
		{&s.Events, "SELECT outcome, count() FROM completeness GROUP BY outcome"},
		{&s.DeadLetters, "SELECT class, count() FROM dead_letters GROUP BY class"},
		{&s.Holds, "SELECT owner, count() FROM holds WHERE ended_at IS NULL GROUP BY owner"},
		{&exceptions, "SELECT 'exceptions', count() FROM exceptions WHERE status = 'open'"},
	} {
		*q.into = map[string]uint64{}
		rows, err := conn.Query(ctx, q.query)
		if err != nil {
			return err
		}
		for rows.Next() {
			var name string
			var n uint64
			if err := rows.Scan(&name, &n); err != nil {
				return err
			}
			(*q.into)[name] = n
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	s.Exceptions = exceptions["exceptions"]
	return nil
}

func (s *systemStatus) server(name, address string, err error) {
	state := "answers"
	switch {
	case errors.Is(err, schemas.ErrNotRegistered):
		state = "answers, not migrated"
	case err != nil:
		state = "does not answer, or refuses"
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
			rows = append(rows, []string{g.Group, g.Role, g.State, strconv.Itoa(g.Members), strconv.FormatInt(g.Lag, 10)})
		}
		fmt.Fprintln(w)
		table(w, []string{"group", "role", "state", "members", "lag"}, rows)
	}
	for _, part := range []struct {
		title, of string
		counts    map[string]uint64
	}{{"table", "rows", s.Rows}, {"what became of", "events", s.Events}, {"dead letters", "ever, cured ones too", s.DeadLetters}, {"holds wait for", "events", s.Holds}} {
		if part.counts == nil {
			continue
		}
		rows = nil
		for _, name := range slices.Sorted(maps.Keys(part.counts)) {
			rows = append(rows, []string{name, strconv.FormatUint(part.counts[name], 10)})
		}
		fmt.Fprintln(w)
		if len(rows) == 0 {
			fmt.Fprintf(w, "%s: none\n", part.title)
			continue
		}
		table(w, []string{part.title, part.of}, rows)
	}
	if s.Exceptions > 0 {
		fmt.Fprintf(w, "\n%d exceptions are open: `throughline exceptions list`\n", s.Exceptions)
	}
}
