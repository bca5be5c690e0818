package compose

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Metrics are what Prometheus scrapes: one prefix, base units, few labels.
type Metrics struct {
	Registry *prometheus.Registry
	Sinks    *sinks.Metrics

	roles    *prometheus.GaugeVec
	records  *prometheus.CounterVec
	commits  *prometheus.HistogramVec
	aborts   *prometheus.CounterVec
	letters  *prometheus.CounterVec
	lag      *prometheus.GaugeVec
	outcomes *prometheus.CounterVec
}

// NewMetrics registers them in a registry of their own: no globals, so tests run side by side.
func NewMetrics() (*Metrics, error) {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		roles:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "throughline_role_running", Help: "1 while the role's loop runs in this process."}, []string{"role"}),
		records:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "throughline_records_total", Help: "Input records committed."}, []string{"role"}),
		commits: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "throughline_commit_seconds", Help: "From the first poll of a transaction to its commit.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 12)}, []string{"role"}),
		aborts:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "throughline_aborts_total", Help: "Transactions aborted; their records are read again."}, []string{"role"}),
		letters: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "throughline_dead_letters_total", Help: "Dead letters written."}, []string{"stage", "class", "owner"}),
		lag:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "throughline_lag_records", Help: "Records between a group's offsets and the ends of its topics."}, []string{"group"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "throughline_admission_outcomes_total",
			Help: "What became of intake records that were not simply admitted; HELD less RELEASED is what waits."}, []string{"outcome", "owner"}),
	}
	var err error
	if m.Sinks, err = sinks.NewMetrics(m.Registry); err != nil {
		return nil, err
	}
	for _, c := range []prometheus.Collector{m.roles, m.records, m.commits, m.aborts, m.letters, m.lag, m.outcomes, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := m.Registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Observer is what the loops tell.
func (m *Metrics) Observer() schemas.Observer {
	return schemas.Observer{
		OnCommit: func(role string, records int, took time.Duration) {
			m.records.WithLabelValues(role).Add(float64(records))
			m.commits.WithLabelValues(role).Observe(took.Seconds())
		},
		OnAbort:   func(role string) { m.aborts.WithLabelValues(role).Inc() },
		OnOutcome: func(o *schemas.AdmissionOutcome) { m.outcomes.WithLabelValues(string(o.Outcome), o.Owner).Inc() },
		OnLetter:  func(l *schemas.DeadLetter) { m.letters.WithLabelValues(l.Stage, string(l.Class), l.Owner).Inc() },
	}
}

func (m *Metrics) running(role string, n float64) { m.roles.WithLabelValues(role).Set(n) }
