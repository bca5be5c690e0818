package sinks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Config says how to reach ClickHouse's HTTP interface.
type Config struct {
	Addr     string      // host:port; several, separated by commas, are tried in turn
	Database string      // throughline where empty
	User     string      // default where empty
	Password string      // never part of a statement, so no log of the server shows it
	TLS      *tls.Config // nil: plaintext
}

// EXTERNAL errors: each says what to do.
var (
	// ErrUnreachable is returned when nobody answers. The loop waits it out.
	ErrUnreachable = errors.New("ClickHouse cannot be reached: is it running, and is the address its HTTP port (8123, with TLS 8443)?")
	// ErrCredentials is returned when ClickHouse knows the user or the password otherwise.
	ErrCredentials = errors.New("ClickHouse refuses the user or the password: check clickhouse.user and clickhouse.password")
	// ErrNoDatabase is returned when the database is not there.
	ErrNoDatabase = errors.New("ClickHouse has no such database: run `throughline migrate`")
	// ErrNoTable is returned when a table, or a column of it, is not there.
	ErrNoTable = errors.New("a table is missing or older than this program: run `throughline migrate`")
	// ErrDenied is returned when the user lacks a grant.
	ErrDenied = errors.New("the ClickHouse user may not do this: a sink needs INSERT and SELECT on its tables, migrate CREATE and ALTER too")
)

// byCode sorts the server's exceptions that an operator must cure.
var byCode = map[int32]error{
	516: ErrCredentials, 192: ErrCredentials, 193: ErrCredentials, 194: ErrCredentials,
	81: ErrNoDatabase, 60: ErrNoTable, 16: ErrNoTable, 47: ErrNoTable, 497: ErrDenied,
}

// misconfigured says that no waiting helps.
func misconfigured(err error) bool {
	return errors.Is(err, ErrCredentials) || errors.Is(err, ErrNoDatabase) || errors.Is(err, ErrNoTable) || errors.Is(err, ErrDenied)
}

func (c Config) database() string {
	if c.Database == "" {
		return "throughline"
	}
	return c.Database
}

// Open makes a connection pool. It does not dial: an unreachable server shows at first use.
func Open(c Config) (driver.Conn, error) { return c.open(c.database()) }

func (c Config) open(database string) (driver.Conn, error) {
	user := c.User
	if user == "" {
		user = "default"
	}
	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, // the only protocol on which InsertFormat exists
		Addr:     strings.Split(c.Addr, ","),
		Auth:     clickhouse.Auth{Database: database, Username: user, Password: c.Password},
		TLS:      c.TLS,
		// Version 26 buffers small inserts on the server and answers before they are written, unless told otherwise.
		Settings:     clickhouse.Settings{"async_insert": 0},
		DialTimeout:  5 * time.Second,
		MaxOpenConns: 32,
		MaxIdleConns: 16,
	})
	if err != nil {
		return nil, fmt.Errorf("connecting to ClickHouse at %s: %w", c.Addr, err)
	}
	return conn, nil
}

// Insert sends b to a table as one insert, and returns when ClickHouse has written it. It wraps the one experimental call of clickhouse-go that we
// use: InsertFormat takes what Block has built, while the row API of any client costs ten times as much.
func Insert(ctx context.Context, conn driver.Conn, table string, b *Block, columns []Column) error {
	if b.Rows() == 0 {
		return nil
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = "`" + c.Name + "`"
	}
	statement := "INSERT INTO `" + table + "` (" + strings.Join(names, ", ") + ")"
	if err := conn.InsertFormat(ctx, "Native", statement, b.Body()); err != nil {
		return fmt.Errorf("inserting %d rows into %s: %w", b.Rows(), table, Explain(err))
	}
	return nil
}

// Check asks ClickHouse whether it is there, lets us in and has the tables.
func Check(ctx context.Context, conn driver.Conn, tables ...Table) error {
	for _, t := range tables {
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = "`" + c.Name + "`"
		}
		rows, err := conn.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM `"+t.Into()+"` LIMIT 0")
		if err != nil {
			return fmt.Errorf("checking table %s: %w", t.Into(), Explain(err))
		}
		if err := errors.Join(rows.Close(), rows.Err()); err != nil {
			return fmt.Errorf("checking table %s: %w", t.Into(), Explain(err))
		}
	}
	return nil
}

// Explain puts the sentence that an operator needs before what the client says.
func Explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var server *clickhouse.Exception
	if errors.As(err, &server) {
		if named, ok := byCode[server.Code]; ok {
			return fmt.Errorf("%w (%w)", named, err)
		}
		return err
	}
	var network net.Error
	var address *url.Error
	if errors.As(err, &network) || errors.As(err, &address) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	return err
}
