package sinks

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/schemas"
)

// Migrate may run at every start, and by several processes at once.
func TestMigrateTwiceAndAtOnce(t *testing.T) {
	c, conn := migrated(t)
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return Migrate(t.Context(), c, someAccounts) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	if got := text1(t, conn, "count() FROM migrations FINAL"); got != text1(t, conn, "toUInt64(?)", len(all)) {
		t.Errorf("%s migrations are recorded, want %d", got, len(all))
	}
	if got := text1(t, conn, "count() FROM accounts"); got != "5" {
		t.Errorf("%s accounts, want 5", got)
	}
	renamed := append([]Account{}, someAccounts...)
	renamed[0].Name = "Clearing"
	if err := Migrate(t.Context(), c, renamed); err != nil {
		t.Fatal(err)
	}
	if got := text1(t, conn, "name FROM accounts WHERE code = '1050'"); got != "Clearing" {
		t.Errorf("account 1050 is %q: the newest chart does not stand", got)
	}
}

// A migration that was applied and has another text now is refused.
func TestMigrationsAreAppendOnly(t *testing.T) {
	c, conn := migrated(t)
	if err := conn.Exec(t.Context(), "INSERT INTO migrations (number, name, hash) VALUES (2, '0002_journal_lines', 'another')"); err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), c, nil); !errors.Is(err, ErrMigrationChanged) || !strings.Contains(err.Error(), "0002_journal_lines") {
		t.Errorf("a changed migration gives %v", err)
	}
}

// Every migration says why it is there, in a sentence.
func TestMigrationsSayWhy(t *testing.T) {
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		why, _, _ := strings.Cut(m.text, "\n")
		if !strings.HasPrefix(why, "-- Why: ") || !strings.HasSuffix(why, ".") {
			t.Errorf("%s begins with %q, not with why it is there", m.name, why)
		}
	}
}

// What an operator must know, in one sentence each: nobody answers, wrong credentials, no database, no tables.
func TestConnectionErrors(t *testing.T) {
	good, _ := migrated(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	denied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-ClickHouse-Exception-Code", "516")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("Code: 516. DB::Exception: default: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)"))
	}))
	defer denied.Close()
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	for name, c := range map[string]struct {
		config Config
		want   error
		halts  bool
	}{
		"nobody answers":    {Config{Addr: closed.Addr().String()}, ErrUnreachable, false},
		"wrong password":    {Config{Addr: strings.TrimPrefix(denied.URL, "http://"), User: "sink", Password: "secret-1"}, ErrCredentials, true},
		"no database":       {Config{Addr: good.Addr, Database: "nowhere"}, ErrNoDatabase, true},
		"no tables":         {Config{Addr: good.Addr, Database: "system"}, ErrNoTable, true},
		"TLS on plain HTTP": {Config{Addr: good.Addr, TLS: &tls.Config{MinVersion: tls.VersionTLS12}}, ErrUnreachable, false},
	} {
		conn, err := Open(c.config)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err = Check(t.Context(), conn, Tables(codec, expectsByType)...)
		if !errors.Is(err, c.want) {
			t.Errorf("%s gives %v, want %v", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-1") {
			t.Errorf("%s shows the password: %v", name, err)
		}
		if misconfigured(err) != c.halts {
			t.Errorf("%s: halts = %v", name, !c.halts)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		s := Sink{Conn: conn, Tables: Tables(codec, expectsByType), Codec: codec}
		if err := s.Run(ctx); (err != nil) != c.halts {
			t.Errorf("%s: Run returns %v", name, err)
		}
		cancel()
		conn.Close()
	}
}
