package compose

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	deltas "github.com/throughline/throughline/processors/atp"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/sinks"
)

// auditEvery is the time from the end of one audit to the start of the next, and before the first: an audit reads everything.
const auditEvery = 10 * time.Minute

// Derivations are the pure functions that an audit calls: values, so that it shares no code with the loops.
func Derivations() []audit.Derivation {
	var all []audit.Derivation
	for _, p := range []processors.Processor{finance.Processor(), deltas.Processor()} {
		all = append(all, audit.Derivation{Role: p.Name, To: p.To[0], Derive: p.Derive})
	}
	return all
}

// auditMetrics are what an alert looks at: violations must be 0, and the age of the last audit must not grow.
type auditMetrics struct {
	violations, records, pending *prometheus.GaugeVec
	seconds, at                  prometheus.Gauge
	failed                       prometheus.Counter
}

func newAuditMetrics(r *prometheus.Registry) (*auditMetrics, error) {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"check"})
	}
	m := &auditMetrics{
		violations: gauge("throughline_audit_violations", "What the last audit found; must be 0. `throughline audit` names each."),
		records:    gauge("throughline_audit_records", "Records or rows that the last audit looked at."),
		pending:    gauge("throughline_audit_pending_records", "Effects that were due but not yet committed by their consumer at the last audit."),
		seconds:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "throughline_audit_duration_seconds", Help: "How long the last audit took."}),
		at:         prometheus.NewGauge(prometheus.GaugeOpts{Name: "throughline_audit_timestamp_seconds", Help: "When the last audit ended, seconds since 1970."}),
		failed:     prometheus.NewCounter(prometheus.CounterOpts{Name: "throughline_audits_failed_total", Help: "Audits that could not be done, for example in an outage."}),
	}
	for _, c := range []prometheus.Collector{m.violations, m.records, m.pending, m.seconds, m.at, m.failed} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("registering the audit's metrics: %w", err)
		}
	}
	return m, nil
}

func (m *auditMetrics) report(r audit.Report, took time.Duration) {
	for _, c := range r.Checks {
		m.violations.WithLabelValues(c.Check).Set(float64(c.Findings))
		m.records.WithLabelValues(c.Check).Set(float64(c.Records))
		m.pending.WithLabelValues(c.Check).Set(float64(c.Pending))
	}
	m.seconds.Set(took.Seconds())
	m.at.SetToCurrentTime()
}

// shownFindings is how many findings of an audit are logged; the verb prints all.
const shownFindings = 20

// runAudit audits again and again, ClickHouse included.
func runAudit(ctx context.Context, a *App) error {
	metrics, err := newAuditMetrics(a.Metrics.Registry)
	if err != nil {
		return err
	}
	where, err := a.Config.Tables()
	if err != nil {
		return err
	}
	conn, err := sinks.Open(where)
	if err != nil {
		return err
	}
	defer conn.Close()
	role := audit.Role{
		Audit:    audit.Audit{Cluster: a.Cluster, Codec: a.Codec, Derivations: Derivations(), Conn: conn, Limit: 1000},
		Interval: auditEvery,
		OnReport: func(r audit.Report, took time.Duration) {
			metrics.report(r, took)
			for _, f := range r.Findings[:min(len(r.Findings), shownFindings)] {
				a.Log.Error("the audit found a violation", "check", f.Check, "kind", f.Kind, "invariant", f.Invariant, "position", f.Position, "id", f.ID, "what", f.Detail, "do", f.Do)
			}
			a.Log.Info("audited", "violations", r.Violations(), "took", took.Round(time.Millisecond))
		},
		OnError: func(err error) {
			metrics.failed.Inc()
			a.Log.Warn("the audit could not be done; the next one is tried at its time", "err", sinks.Explain(err))
		},
	}
	return role.Run(ctx)
}
