package catalog

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// conn is one SQLite connection, used by one goroutine at a time. It talks to the driver without database/sql, which
// costs a lookup a quarter of its time and twice its allocations; the driver keeps our statements prepared.
type conn struct {
	d driverConn
}

// driverConn is what we use of *sqlite3.SQLiteConn.
type driverConn interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
	AutoCommit() bool
}

type connOptions struct {
	cacheKiB int           // page cache; 0 means SQLite's default
	readOnly bool          // refuse statements that write
	lockWait time.Duration // how long a statement waits in SQLite, where no context reaches it
}

// errStatement is SQLite's "SQL logic error". Our SQL is fixed, so it means that the schema is not ours.
var errStatement = errors.New("statement does not fit the schema")

// errStop, returned by a row function, ends each early and without an error.
var errStop = errors.New("stop")

// openConn connects to the existing file at path, or with "" to a new database in memory.
func openConn(path string, o connOptions) (*conn, error) {
	if path == "" {
		return dial(":memory:")
	}
	params := []string{"mode=rw", "_busy_timeout=" + strconv.FormatInt(o.lockWait.Milliseconds(), 10), "_stmt_cache_size=48"}
	if o.cacheKiB > 0 {
		params = append(params, "_cache_size="+strconv.Itoa(-o.cacheKiB))
	}
	if o.readOnly {
		params = append(params, "_query_only=1")
	}
	uri, err := fileURI(path, params...)
	if err != nil {
		return nil, err
	}
	return dial(uri)
}

func dial(dsn string) (*conn, error) {
	d, err := openDriver(dsn)
	if err != nil {
		return nil, classify(err)
	}
	return &conn{d: d}, nil
}

// fileURI names a database file for SQLite. Every byte outside the safe few is escaped, so that no "?" in a name
// turns into an option and a name that is not UTF-8 arrives as it is.
func fileURI(path string, params ...string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find database: %w", err)
	}
	abs = filepath.ToSlash(abs)
	if runtime.GOOS == "windows" && !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // file:///C:/…
	}
	var b strings.Builder
	b.WriteString("file://")
	for i := range len(abs) {
		switch c := abs[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("/-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	for i, p := range params {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(p)
	}
	return b.String(), nil
}

// close closes the connection; nil has nothing to close.
func (c *conn) close() error {
	if c == nil {
		return nil
	}
	return classify(c.d.Close())
}

// exec runs one statement to its end. It does not watch a context: that would cost a goroutine per row, and each of
// our statements is short.
func (c *conn) exec(query string, args ...value) error {
	_, err := c.insert(query, args...)
	return err
}

// insert is exec, and returns the rowid of the row that the statement inserted.
func (c *conn) insert(query string, args ...value) (int64, error) {
	res, err := c.d.ExecContext(context.Background(), query, named(args))
	if err != nil {
		return 0, classify(err)
	}
	return res.LastInsertId()
}

// script runs statements without arguments, separated by semicolons.
func (c *conn) script(query string) error {
	_, err := c.d.ExecContext(context.Background(), query, nil)
	return classify(err)
}

// each calls row for every row of the query's result, whose first columns it hands over. Blobs and strings are the
// row function's to keep, the slice is not.
func (c *conn) each(ctx context.Context, query string, columns int, row func([]value) error, args ...value) error {
	rows, err := c.d.QueryContext(ctx, query, named(args))
	if err != nil {
		return classify(err)
	}
	dest := make([]value, columns)
	for err == nil {
		if err = rows.Next(dest); err == nil {
			err = row(dest)
		} else {
			err = classify(err)
		}
	}
	cerr := rows.Close()
	if errors.Is(err, io.EOF) || errors.Is(err, errStop) {
		return classify(cerr)
	}
	return err
}

// number returns the single integer that the query yields.
func (c *conn) number(ctx context.Context, query string, args ...value) (n int64, err error) {
	found := false
	err = c.each(ctx, query, 1, func(v []value) (err error) {
		found = true
		n, err = integer(v[0])
		return err
	}, args...)
	if err == nil && !found {
		err = fmt.Errorf("%w: no row where one must be", ErrDamaged)
	}
	return n, err
}

// rollback ends the transaction, also one that SQLite has ended by itself, and reports whether none is left open.
func (c *conn) rollback() bool {
	return c.d.AutoCommit() || c.exec(`ROLLBACK`) == nil
}

func named(args []value) []driver.NamedValue {
	if len(args) == 0 {
		return nil
	}
	nv := make([]driver.NamedValue, len(args))
	for i, a := range args {
		nv[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return nv
}
