package catalog

import (
	"context"
	"errors"
	"fmt"
)

// Tx is a transaction in progress. It belongs to the function that Update called, and to one goroutine.
type Tx struct {
	ctx  context.Context // of the Update call, which the Tx does not outlast
	conn *conn           // nil after Update returned
	err  error           // the first failure; nothing runs after it
}

var errTxDone = errors.New("transaction is over")

// Update runs fn in one transaction: all of it is kept, or nothing when fn or any of its steps fails. Updates run one
// after another, so fn should not wait for a network, and Update inside Update waits for ever. Reads through the
// Catalog inside fn see the state before the transaction.
//
// Errors to branch on: fn's own, ErrBusy, ErrDiskFull, ErrDamaged.
func (c *Catalog) Update(ctx context.Context, fn func(*Tx) error) (err error) {
	w, err := c.take(ctx, c.writer)
	if err != nil {
		return fmt.Errorf("update catalog: %w", err)
	}
	defer func() { c.writer <- w }()
	if w == nil {
		if w, err = openWriter(ctx, c.path); err != nil {
			return fmt.Errorf("update catalog: %w", err)
		}
	}
	if err := begin(ctx, w); err != nil {
		return fmt.Errorf("update catalog: %w", err)
	}
	tx := &Tx{ctx: ctx, conn: w}
	committed := false
	defer func() { // also when fn panics
		tx.conn = nil
		if committed || w.rollback() {
			return
		}
		// A transaction that cannot be ended would swallow the next one; a new connection has none.
		err = errors.Join(err, w.close())
		w = nil
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.ready(); err != nil { // fn ignored it; half a transaction is not kept
		return fmt.Errorf("update catalog: %w", err)
	}
	if err := w.exec(`COMMIT`); err != nil {
		return fmt.Errorf("update catalog: %w", err)
	}
	committed = true
	return nil
}

// begin takes the write lock, for which another process may have to be waited for.
func begin(ctx context.Context, w *conn) error {
	for p := (patience{limit: busyWait}); ; {
		err := w.exec(`BEGIN IMMEDIATE`)
		if errors.Is(err, ErrBusy) {
			if err = p.wait(ctx, err); err == nil {
				continue
			}
		}
		return err
	}
}

// ready says whether the next step may run.
func (tx *Tx) ready() error {
	if tx.conn == nil {
		return errTxDone
	}
	if tx.err == nil {
		tx.err = tx.ctx.Err()
	}
	return tx.err
}

// fail notes a step's failure, so that Update does not commit without the step, and names it.
func (tx *Tx) fail(step string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", step, err)
	if tx.conn != nil && tx.err == nil {
		tx.err = err
	}
	return err
}

func (tx *Tx) exec(query string, args ...value) error {
	_, err := tx.insert(query, args...)
	return err
}

func (tx *Tx) insert(query string, args ...value) (int64, error) {
	if err := tx.ready(); err != nil {
		return 0, err
	}
	return tx.conn.insert(query, args...)
}

func (tx *Tx) each(query string, columns int, row func([]value) error, args ...value) error {
	if err := tx.ready(); err != nil {
		return err
	}
	return tx.conn.each(tx.ctx, query, columns, row, args...)
}

// Reset empties packs, chunks, dirs and batches, before a rebuild. Meta, activity and usage stay.
func (tx *Tx) Reset() error {
	for _, q := range []string{
		`DELETE FROM chunks`,
		`DELETE FROM holders`,
		`DELETE FROM packs`,
		`DELETE FROM dirs`,
		`DELETE FROM batches`,
	} {
		if err := tx.exec(q); err != nil {
			return tx.fail("reset catalog", err)
		}
	}
	return nil
}
