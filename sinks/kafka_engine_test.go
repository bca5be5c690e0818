package sinks

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

// BenchmarkFromKafka is a topic to rows that ClickHouse has written: this package's loop, and ClickHouse's own Kafka engine with a materialized view that
// unfolds the lines. The broker runs in this process and is paid for by both.
func BenchmarkFromKafka(b *testing.B) {
	const lines = 20 * benchLines
	broker := startBroker(b)
	registry, err := embedded.StartRegistry(b.Context(), embedded.RegistryConfig{Addr: "127.0.0.1:0", DataDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { registry.Close() })
	client, err := sr.NewClient(sr.URLs("http://" + registry.Addr()))
	if err != nil {
		b.Fatal(err)
	}
	reg := schemas.NewRegistry(client)
	ids, err := reg.Register(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	broker.codec = schemas.NewCodec(reg, ids)
	values := benchRecords(b, broker.codec, lines)
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: schemas.TopicJournal, Key: []byte(strconv.Itoa(i / 12)), Value: v}
	}
	broker.produce(b, records...)

	report := func(b *testing.B, conn driver.Conn, table string, want int, startLoading func()) {
		self, eng := cpu()
		begin := time.Now()
		startLoading()
		eventually(b, "all is loaded", func() bool { return text1(b, conn, "count() FROM "+table) == strconv.Itoa(want) })
		took := time.Since(begin)
		self2, eng2 := cpu()
		own, engine := float64(self2-self)/lines, float64(eng2-eng)/lines
		b.ReportMetric(own, "ns-own/line")
		b.ReportMetric(engine, "ns-engine/line")
		b.ReportMetric(1e9/(own+engine), "lines/cpu-s")
		b.ReportMetric(lines/took.Seconds(), "lines/s")
	}
	b.Run("sink", func(b *testing.B) {
		_, conn := migrated(b)
		s := broker.sink(b, conn, "journal_lines")
		s.MaxWait = 500 * time.Millisecond
		report(b, conn, "journal_lines_log", len(values), func() { start(b, s) })
	})
	b.Run("kafka-engine", func(b *testing.B) {
		c, conn := migrated(b)
		columns := flatTable(b, conn)
		for _, s := range kafkaEngine(broker.ListenAddrs()[0], "http://"+registry.Addr(), columns) {
			if strings.HasPrefix(s, "CREATE MATERIALIZED") {
				report(b, conn, "flat", lines, func() {
					if err := conn.Exec(b.Context(), s); err != nil {
						b.Fatal(err)
					}
				})
				continue
			}
			if err := conn.Exec(b.Context(), s); err != nil {
				b.Fatal(err)
			}
		}
		if err := conn.Exec(b.Context(), "DROP TABLE `"+c.Database+"`.flat_in SYNC"); err != nil {
			b.Fatal(err)
		}
	})
}

func kafkaEngine(seed, registry, columns string) []string {
	queue := fmt.Sprintf(`CREATE TABLE queue (
		<meta.event_id> UUID, <meta.legal_entity> String, <meta.occurred_at> DateTime64(6, 'UTC'), <meta.correlation_id> String, <meta.causation_id> Nullable(UUID),
		<meta.source.system> String, <meta.source.doc_type> String, <meta.source.doc_id> String, <meta.recorded_at> Nullable(DateTime64(6, 'UTC')),
		<meta.effective_date> Nullable(Date32), <meta.admitted_at> Nullable(DateTime64(6, 'UTC')), <meta.rule_set> Nullable(String), <meta.period> Nullable(String),
		<meta.original_period> Nullable(String), <meta.late> Bool,
		cause_type String, rule_id String, rule_version Int32, n Int32, ledger String, functional_currency String, fx_rate Nullable(Decimal(28, 10)), reverses Nullable(UUID),
		dimensions Map(String, String),
		lines Array(Tuple(line_no Int32, account String, amount_txn Decimal(38, 4), currency String, amount_fn Decimal(38, 4), control_key Nullable(String),
			order_line_id Nullable(String), sku Nullable(String), location Nullable(String), tax_jurisdiction Nullable(String), qty Nullable(Decimal(20, 6)), uom Nullable(String))))
		ENGINE = Kafka SETTINGS kafka_broker_list = '%s', kafka_topic_list = 'finance.journal', kafka_group_name = 'kafka-engine', kafka_format = 'AvroConfluent',
		format_avro_schema_registry_url = '%s', kafka_max_block_size = 65536, kafka_poll_max_batch_size = 65536, kafka_flush_interval_ms = 500`, seed, registry)
	view := `CREATE MATERIALIZED VIEW flat_in TO flat AS SELECT
		<meta.event_id> AS entry_id, assumeNotNull(<meta.causation_id>) AS event_id, cause_type AS event_type, rule_id, rule_version, n, ifNull(<meta.rule_set>, '') AS rule_set,
		<meta.legal_entity> AS legal_entity, ledger, functional_currency, fx_rate, reverses, dimensions['order_id'] AS order_id, dimensions['shipment_id'] AS shipment_id,
		dimensions['invoice_id'] AS invoice_id, dimensions['payment_id'] AS payment_id, dimensions['channel'] AS channel, map() AS other_dimensions,
		<meta.correlation_id> AS thread, <meta.occurred_at> AS occurred_at, assumeNotNull(<meta.recorded_at>) AS recorded_at, assumeNotNull(<meta.admitted_at>) AS admitted_at,
		assumeNotNull(<meta.effective_date>) AS effective_date, ifNull(<meta.period>, '') AS period, ifNull(<meta.original_period>, '') AS original_period, <meta.late> AS late,
		<meta.source.system> AS source_system, <meta.source.doc_type> AS source_doc_type, <meta.source.doc_id> AS source_doc_id,
		l.line_no AS line_no, l.account AS account, l.amount_txn AS amount_txn, l.currency AS currency, l.amount_fn AS amount_fn, ifNull(l.control_key, '') AS control_key,
		ifNull(l.order_line_id, '') AS order_line_id, ifNull(l.sku, '') AS sku, ifNull(l.location, '') AS location, ifNull(l.tax_jurisdiction, '') AS tax_jurisdiction,
		l.qty AS qty, ifNull(l.uom, '') AS uom, _topic AS topic, toInt32(_partition) AS partition, _offset AS offset, assumeNotNull(_timestamp_ms) AS written_at
		FROM queue ARRAY JOIN lines AS l`
	quote := strings.NewReplacer("<", "`", ">", "`") // dots in a name are a path in Avro
	return []string{quote.Replace(queue), quote.Replace(view)}
}
