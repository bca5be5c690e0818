package sinks

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrMigrationChanged is returned when a migration that was applied has another text now. Migrations are append-only: write a new one.
var ErrMigrationChanged = errors.New("an applied migration was changed: restore its text and write a new migration")

// migration is one file: a number, a name, and statements that may run twice.
type migration struct {
	number     int
	name, text string
	statements []string
}

func (m migration) hash() string {
	sum := sha256.Sum256([]byte(m.text))
	return hex.EncodeToString(sum[:])
}

// migrations are all migrations, in order. A number may be left out, because what was reserved for another change need not come; none comes twice.
func migrations() ([]migration, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]migration, 0, len(files))
	last := 0
	for _, f := range files {
		text, err := migrationFiles.ReadFile(f)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(f, "migrations/"), ".sql")
		number, err := strconv.Atoi(name[:4])
		if err != nil || number <= last {
			return nil, fmt.Errorf("migration %s: want a number above %04d", f, last)
		}
		last = number
		all = append(all, migration{number, name, string(text), statements(string(text))})
	}
	return all, nil
}

// statements splits a file at semicolons that end a line.
func statements(text string) []string {
	var all []string
	for s := range strings.SplitSeq(text+"\n", ";\n") {
		if body := strings.TrimSpace(s); body != "" {
			all = append(all, body)
		}
	}
	return all
}

const createMigrations = `CREATE TABLE IF NOT EXISTS migrations
(
    number UInt32 COMMENT 'number of the migration',
    name String COMMENT 'its file',
    hash String COMMENT 'SHA-256 of its text: an applied migration never changes',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when it was applied'
)
ENGINE = ReplacingMergeTree
ORDER BY number
COMMENT 'Which migrations stand in this database.'`

// Migrate makes the database, its tables and views, and loads the chart of accounts. What stands already is left alone, so that it may run at every
// start, and twice at once: every statement says IF NOT EXISTS or OR REPLACE.
func Migrate(ctx context.Context, c Config, accounts []Account) error {
	if err := c.createDatabase(ctx); err != nil {
		return err
	}
	conn, err := Open(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, createMigrations); err != nil {
		return fmt.Errorf("making table migrations: %w", Explain(err))
	}
	applied, err := appliedMigrations(ctx, conn)
	if err != nil {
		return err
	}
	all, err := migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := m.apply(ctx, conn, applied); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return loadAccounts(ctx, conn, accounts)
}

// createDatabase asks first, because a user who may not create databases may well be given one.
func (c Config) createDatabase(ctx context.Context) error {
	conn, err := c.open("system")
	if err != nil {
		return err
	}
	defer conn.Close()
	var n uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM system.databases WHERE name = {name:String}", driver.NamedValue{Name: "name", Value: c.database()}).Scan(&n); err != nil {
		return fmt.Errorf("looking for database %s: %w", c.database(), Explain(err))
	}
	if n > 0 {
		return nil
	}
	quoted := "`" + strings.ReplaceAll(strings.ReplaceAll(c.database(), `\`, `\\`), "`", "\\`") + "`"
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+quoted+" ENGINE = Atomic"); err != nil {
		return fmt.Errorf("making database %s: %w", c.database(), Explain(err))
	}
	return nil
}

func appliedMigrations(ctx context.Context, conn driver.Conn) (map[uint32]string, error) {
	rows, err := conn.Query(ctx, "SELECT number, hash FROM migrations FINAL")
	if err != nil {
		return nil, fmt.Errorf("reading table migrations: %w", Explain(err))
	}
	defer rows.Close()
	applied := map[uint32]string{}
	for rows.Next() {
		var number uint32
		var hash string
		if err := rows.Scan(&number, &hash); err != nil {
			return nil, fmt.Errorf("reading table migrations: %w", err)
		}
		applied[number] = hash
	}
	return applied, Explain(rows.Err())
}

func (m migration) apply(ctx context.Context, conn driver.Conn, applied map[uint32]string) error {
	if hash, ok := applied[uint32(m.number)]; ok {
		if hash != m.hash() {
			return ErrMigrationChanged
		}
		return nil
	}
	for i, s := range m.statements {
		if err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("statement %d: %w", i+1, Explain(err))
		}
	}
	if err := conn.Exec(ctx, "INSERT INTO migrations (number, name, hash) VALUES (?, ?, ?)", m.number, m.name, m.hash()); err != nil {
		return fmt.Errorf("recording it: %w", Explain(err))
	}
	return nil
}
