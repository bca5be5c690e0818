package sinks

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Metrics are what the sinks measure. A nil *Metrics measures nothing.
type Metrics struct {
	rows    *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	retries *prometheus.CounterVec
	records *prometheus.GaugeVec
	age     *prometheus.GaugeVec
}

// NewMetrics registers the sinks' metrics; the error is the registerer's.
func NewMetrics(to prometheus.Registerer) (*Metrics, error) {
	labels := []string{"table"}
	m := &Metrics{
		rows:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "throughline_sink_rows_total", Help: "Lines inserted into ClickHouse, repetitions included."}, labels),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "throughline_sink_insert_seconds", Help: "Duration of an insert, its retries included.", Buckets: prometheus.ExponentialBuckets(0.005, 2.5, 12)}, labels),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "throughline_sink_retries_total", Help: "Attempts that failed and were repeated."}, labels),
		records: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "throughline_sink_lag_records", Help: "Records between what was last polled and the end of its partition, at most of all partitions polled together."}, labels),
		age:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "throughline_sink_lag_seconds", Help: "Age of the newest record polled, in seconds since it was written."}, labels),
	}
	for _, c := range []prometheus.Collector{m.rows, m.seconds, m.retries, m.records, m.age} {
		if err := to.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) inserted(table string, lines int, took time.Duration) {
	if m == nil {
		return
	}
	m.rows.WithLabelValues(table).Add(float64(lines))
	m.seconds.WithLabelValues(table).Observe(took.Seconds())
}

func (m *Metrics) retried(table string) {
	if m != nil {
		m.retries.WithLabelValues(table).Inc()
	}
}

// lag judges by the newest poll: nothing polled means that nothing is left.
func (m *Metrics) lag(table string, fs kgo.Fetches) {
	if m == nil {
		return
	}
	var behind int64
	var newest time.Time
	fs.EachPartition(func(p kgo.FetchTopicPartition) {
		if n := len(p.Records); n > 0 {
			last := p.Records[n-1]
			behind = max(behind, p.HighWatermark-last.Offset-1)
			if last.Timestamp.After(newest) {
				newest = last.Timestamp
			}
		}
	})
	m.records.WithLabelValues(table).Set(float64(behind))
	if newest.IsZero() {
		m.age.WithLabelValues(table).Set(0)
		return
	}
	m.age.WithLabelValues(table).Set(time.Since(newest).Seconds())
}
