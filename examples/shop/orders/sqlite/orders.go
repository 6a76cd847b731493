package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

const columns = `id, customer, reference, currency, total_cents, placed_at, fingerprint`

// querier is a transaction, or a connection outside of one.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Insert is that of orders.Store. When it has returned an order, the order is on the disk.
func (s *Store) Insert(ctx context.Context, order orders.Order, key string, fingerprint []byte) (orders.Order, error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return orders.Order{}, failure(err)
	}
	defer tx.Rollback() // no more than an error once committed
	if key != "" {      // nobody else writes until this transaction ends
		stored, err := replay(ctx, tx, order.Customer, key, fingerprint)
		if !errors.Is(err, endpoint.ErrNotFound) {
			return stored, err
		}
	}
	if err := insert(ctx, tx, order, key, fingerprint); err != nil {
		return orders.Order{}, failure(err)
	}
	if err := tx.Commit(); err != nil {
		return orders.Order{}, failure(err)
	}
	return order, nil
}

func insert(ctx context.Context, tx *sql.Tx, order orders.Order, key string, fingerprint []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO orders (`+columns+`, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		order.ID, order.Customer, order.Reference, order.Currency, order.TotalCents, order.PlacedAt.UnixMicro(),
		fingerprint, sql.NullString{String: key, Valid: key != ""})
	if err != nil {
		return err
	}
	for i, line := range order.Lines {
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO lines (order_id, position, sku, name, quantity, unit_cents) VALUES (?, ?, ?, ?, ?, ?)`,
			order.ID, i, line.SKU, line.Name, line.Quantity, line.UnitCents); err != nil {
			return err
		}
	}
	return nil
}

// Replay is that of orders.Store.
func (s *Store) Replay(ctx context.Context, customer, key string, fingerprint []byte) (orders.Order, error) {
	return replay(ctx, s.read, customer, key, fingerprint)
}

func replay(ctx context.Context, q querier, customer, key string, fingerprint []byte) (orders.Order, error) {
	order, stored, err := scan(q.QueryRowContext(ctx,
		`SELECT `+columns+` FROM orders WHERE customer = ? AND key = ?`, customer, key))
	if err != nil {
		return orders.Order{}, failure(err)
	}
	if !bytes.Equal(stored, fingerprint) {
		return orders.Order{}, endpoint.NewProblem(endpoint.ErrConflict,
			"the idempotency key %q belongs to order %s, which has another content: use a new key", key, order.ID)
	}
	order.Replayed = true
	order.Lines, err = lines(ctx, q, order.ID)
	return order, failure(err)
}

// Order is that of orders.Store.
func (s *Store) Order(ctx context.Context, customer, id string) (orders.Order, error) {
	order, _, err := scan(s.read.QueryRowContext(ctx,
		`SELECT `+columns+` FROM orders WHERE customer = ? AND id = ?`, customer, id))
	if err == nil {
		order.Lines, err = lines(ctx, s.read, order.ID)
	}
	return order, failure(err)
}

// All returns all orders without their lines, the oldest first.
func (s *Store) All(ctx context.Context) (all []orders.Order, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+columns+` FROM orders ORDER BY placed_at, id`)
	if err != nil {
		return nil, failure(err)
	}
	defer rows.Close()
	for rows.Next() {
		order, _, err := scan(rows)
		if err != nil {
			return nil, failure(err)
		}
		all = append(all, order)
	}
	return all, failure(rows.Err())
}

func scan(row interface{ Scan(...any) error }) (order orders.Order, fingerprint []byte, err error) {
	var placed int64
	err = row.Scan(&order.ID, &order.Customer, &order.Reference,
		&order.Currency, &order.TotalCents, &placed, &fingerprint)
	order.PlacedAt = time.UnixMicro(placed).UTC()
	return order, fingerprint, err
}

func lines(ctx context.Context, q querier, id string) (lines []orders.OrderLine, err error) {
	rows, err := q.QueryContext(ctx,
		`SELECT sku, name, quantity, unit_cents FROM lines WHERE order_id = ? ORDER BY position`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var line orders.OrderLine
		if err := rows.Scan(&line.SKU, &line.Name, &line.Quantity, &line.UnitCents); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
