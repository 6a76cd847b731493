// Package sqlite keeps orders in a file of SQLite. It alone imports modernc.org/sqlite, which is
// SQLite without C, and takes long to compile.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

const (
	busyTimeout = 2 * time.Second // for which a transaction waits for that of another process
	readers     = 4               // connections
)

//go:embed schema.sql
var schema string

// Store is an orders.Store in a file that several processes of one host may have open at the same
// time. Its methods may be called concurrently.
//
// SQLite's write-ahead log makes each transaction all or nothing, whenever a process is killed: the
// next process that opens the file finds the transactions that were committed. Synchronous FULL has
// each commit wait for the disk, so that it also survives the end of the host.
type Store struct {
	write *sql.DB // one connection: transactions of this process queue here, and not in SQLite
	read  *sql.DB
}

// Open opens the file at path and creates it where there is none. Processes may do so together.
func Open(ctx context.Context, path string) (*Store, error) {
	pragmas := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	dsn := func(option string) string {
		return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: pragmas.Encode() + option}).String()
	}
	write, err := sql.Open("sqlite", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	if _, err := write.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, write.Close()))
	}
	read, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, write.Close()))
	}
	read.SetMaxOpenConns(readers)
	return &Store{write: write, read: read}, nil
}

// Close closes the file. It is safe to call twice.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Ping fails where the file cannot be read.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	return failure(s.read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM orders LIMIT 1)`).Scan(&n))
}

// failure puts an error of SQLite into the taxonomy: what may work later, or in another process,
// is unavailable.
func failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return endpoint.NewProblem(endpoint.ErrNotFound, "no such order")
	case isCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
		errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone): // by the end of the call's time
		return &endpoint.Problem{Kind: endpoint.ErrUnavailable, Err: fmt.Errorf("sqlite: %w", err)}
	default:
		return fmt.Errorf("sqlite: %w", err)
	}
}

func isCode(err error, codes ...int) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	for _, code := range codes {
		if failed.Code()&0xff == code { // the primary code
			return true
		}
	}
	return false
}

// OpenStore is Open for orders.Process.
func OpenStore(ctx context.Context, path string) (orders.Store, func(), error) {
	store, err := Open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	return store, func() { _ = store.Close() }, nil // what was committed is on the disk already
}
