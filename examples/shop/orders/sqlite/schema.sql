-- Without a transaction around it, so that a process that starts need not wait for the writers of a
-- file that has the tables. Each statement is whole by itself.
CREATE TABLE IF NOT EXISTS orders (
	id          TEXT PRIMARY KEY,
	customer    TEXT NOT NULL,
	reference   TEXT NOT NULL,
	currency    TEXT NOT NULL,
	total_cents INTEGER NOT NULL,
	placed_at   INTEGER NOT NULL, -- microseconds since 1970
	key         TEXT,             -- of idempotency; NULL for an order without one
	fingerprint BLOB,             -- of the cart that came with the key
	UNIQUE (customer, key)        -- NULLs are all different
) STRICT;

CREATE TABLE IF NOT EXISTS lines (
	order_id   TEXT NOT NULL REFERENCES orders (id),
	position   INTEGER NOT NULL,
	sku        TEXT NOT NULL,
	name       TEXT NOT NULL,
	quantity   INTEGER NOT NULL CHECK (quantity > 0),
	unit_cents INTEGER NOT NULL CHECK (unit_cents >= 0),
	PRIMARY KEY (order_id, position)
) STRICT, WITHOUT ROWID;
