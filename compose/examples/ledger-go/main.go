package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"modernc.org/sqlite"

	"github.com/throughline/throughline/schemas"
)

func main() {
	brokers := flag.String("brokers", "127.0.0.1:9092", "Kafka brokers, host:port,…")
	registry := flag.String("registry", "http://127.0.0.1:8081", "schema registry")
	file := flag.String("db", "ledger.db", "SQLite file of the ledger")
	group := flag.String("group", "general-ledger", "consumer group: its members share the partitions")
	batch := flag.Int("batch", 500, "at most so many entries in one transaction")
	session := flag.Duration("session", 10*time.Second, "how long the group waits for a member that is silent")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b, err := openBook(*file)
	if err == nil {
		defer b.db.Close()
		err = follow(ctx, b, *registry, *batch, kgo.SeedBrokers(strings.Split(*brokers, ",")...), kgo.ConsumerGroup(*group), kgo.SessionTimeout(*session),
			kgo.RebalanceTimeout(*session), kgo.HeartbeatInterval(*session/5))
	}
	if err == nil {
		err = b.printTrialBalance()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledger-go:", err)
		os.Exit(1)
	}
}

// follow books what is committed, until ctx ends. A cluster with TLS or SASL needs kgo.DialTLSConfig and kgo.SASL besides.
func follow(ctx context.Context, b *book, registry string, batch int, opts ...kgo.Opt) error {
	client, err := sr.NewClient(sr.URLs(registry))
	if err != nil {
		return fmt.Errorf("schema registry: %w", err)
	}
	codec := schemas.NewCodec(schemas.NewRegistry(client), nil)
	cl, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(schemas.TopicJournal),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), // else one reads entries of transactions that were aborted
		kgo.DisableAutoCommit(),                      // the offsets that count are the ledger's
		kgo.AdjustFetchOffsetsFn(b.resume),           // asked for whatever partitions this process is given
		kgo.BlockRebalanceOnPoll(),                   // no partition is taken away between reading and booking
	)...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer cl.CloseAllowingRebalance()
	for {
		fetches := cl.PollRecords(ctx, batch)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		added, err := b.store(ctx, codec, fetches.Records())
		if err != nil && ctx.Err() == nil {
			return err // nothing of the batch is booked: the next run reads it again
		}
		cl.AllowRebalance()
		fmt.Fprintf(os.Stderr, "%d records, %d new entries\n", fetches.NumRecords(), added)
	}
}

// tables: amounts are integers of ten-thousandths, which SQLite sums exactly; `next` is the first offset that is not booked.
const tables = `
CREATE TABLE IF NOT EXISTS entries (id TEXT PRIMARY KEY, event TEXT NOT NULL, rule TEXT NOT NULL, entity TEXT NOT NULL, period TEXT NOT NULL, effective_date TEXT NOT NULL,
	currency TEXT NOT NULL, reverses TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lines (entry TEXT NOT NULL REFERENCES entries, line INTEGER NOT NULL, account TEXT NOT NULL, control_key TEXT, amount_txn INTEGER NOT NULL,
	currency TEXT NOT NULL, amount_fn INTEGER NOT NULL, PRIMARY KEY (entry, line)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offsets (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);`

// book is the ledger.
type book struct{ db *sql.DB }

func openBook(file string) (*book, error) {
	// Two processes of one group may share the file: each waits for the other's transaction, and takes the write lock when its own begins.
	options := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(30000)", "foreign_keys(ON)"}, "_txlock": {"immediate"}}
	connector, err := sqlite.NewConnector("file:" + file + "?" + options.Encode())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", file, err)
	}
	b := &book{sql.OpenDB(connector)}
	if _, err := b.db.Exec(tables); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing %s: %w", file, err), b.db.Close())
	}
	return b, nil
}

// resume tells the client where to begin: where the ledger ends. What the group has committed is not asked.
func (b *book) resume(ctx context.Context, assigned map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	for _, partitions := range assigned {
		for p := range partitions {
			var next int64 // 0, the start, where nothing of the partition is booked
			err := b.db.QueryRowContext(ctx, "SELECT next FROM offsets WHERE partition = ?", p).Scan(&next)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, fmt.Errorf("reading the ledger's offsets: %w", err)
			}
			partitions[p] = kgo.NewOffset().At(next)
		}
	}
	return assigned, nil
}

// store books entries and offsets in one transaction: both or neither. What cannot be decoded stops the program: books do not skip.
func (b *book) store(ctx context.Context, codec *schemas.Codec, records []*kgo.Record) (added int64, err error) {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback()
	for _, r := range records {
		event, _, err := codec.Decode(ctx, r.Value)
		entry, ok := event.(*schemas.JournalEntry)
		if err != nil || !ok {
			return 0, fmt.Errorf("partition %d, offset %d is no journal entry but %T: %v", r.Partition, r.Offset, event, err)
		}
		n, err := storeEntry(ctx, tx, entry)
		if err != nil {
			return 0, fmt.Errorf("booking entry %s: %w", entry.Meta.EventID, err)
		}
		added += n
		// Never back: a process that lost the partition to us may still have been booking.
		const advance = "INSERT INTO offsets VALUES (?, ?) ON CONFLICT DO UPDATE SET next = max(next, excluded.next)"
		if _, err := tx.ExecContext(ctx, advance, r.Partition, r.Offset+1); err != nil {
			return 0, fmt.Errorf("storing the offset of partition %d: %w", r.Partition, err)
		}
	}
	return added, tx.Commit()
}

// storeEntry says how many entries it added: none that the ledger has, and none of a shadow ledger, which counts nowhere.
func storeEntry(ctx context.Context, tx *sql.Tx, e *schemas.JournalEntry) (added int64, err error) {
	if e.Ledger != "PRIMARY" {
		return 0, nil
	}
	id, reverses := e.Meta.EventID.String(), sql.NullString{String: e.Reverses.V.String(), Valid: e.Reverses.Set}
	done, err := tx.ExecContext(ctx, "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", id, e.Meta.CausationID.V.String(),
		fmt.Sprintf("%s@%d", e.RuleID, e.RuleVersion), e.Meta.LegalEntity, e.Meta.Period, e.Meta.EffectiveDate.V.String(), e.FunctionalCurrency, reverses)
	if err != nil {
		return 0, err
	}
	if added, err = done.RowsAffected(); err != nil || added == 0 {
		return 0, err
	}
	for _, l := range e.Lines {
		txn, errTxn := tenThousandths(l.AmountTxn)
		fn, errFn := tenThousandths(l.AmountFn)
		_, err := tx.ExecContext(ctx, "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?)", id, l.LineNo, l.Account, l.ControlKey, txn, l.Currency, fn)
		if err := errors.Join(errTxn, errFn, err); err != nil {
			return 0, err
		}
	}
	return added, nil
}

// tenThousandths refuses what is beyond 900 million millions, which the journal could hold and an integer of SQLite cannot.
func tenThousandths(d schemas.Decimal) (int64, error) {
	four, exact := d.Rescale(4)
	hi, lo := four.Int128()
	if !exact || hi != int64(lo)>>63 {
		return 0, fmt.Errorf("amount %s does not fit into SQLite's integers", d.Text())
	}
	return int64(lo), nil
}

// printTrialBalance prints entity, account, currency and balance, debits positive, separated by tabs.
func (b *book) printTrialBalance() error {
	rows, err := b.db.Query("SELECT e.entity, l.account, e.currency, sum(l.amount_fn) FROM lines AS l JOIN entries AS e ON e.id = l.entry GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
	if err != nil {
		return fmt.Errorf("adding up the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var entity, account, currency string
		var sum int64
		if err := rows.Scan(&entity, &account, &currency, &sum); err != nil {
			return fmt.Errorf("adding up the ledger: %w", err)
		}
		fmt.Printf("%s\t%s\t%s\t%s\n", entity, account, currency, schemas.NewDecimal(sum, 4))
	}
	return rows.Err()
}
