package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

func openStore(t *testing.T, path string) *Store {
	t.Helper()
	store, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func newOrder() orders.Order {
	return orders.Order{
		ID: rand.Text(), Customer: "ann", Reference: "r-1", Currency: "EUR", TotalCents: 4590,
		PlacedAt: time.Now().UTC().Truncate(time.Microsecond),
		Lines: []orders.OrderLine{
			{Line: orders.Line{SKU: "TEA-1", Quantity: 1}, Name: "green tea", UnitCents: 690},
			{Line: orders.Line{SKU: "POT-1", Quantity: 1}, Name: "tea pot", UnitCents: 3900},
		},
	}
}

func count(t *testing.T, store *Store) int {
	t.Helper()
	all, err := store.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestOrderIsReadByAnotherStore never closes the first store, as a process that is killed does not.
func TestOrderIsReadByAnotherStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders with a blank?.db")
	order := newOrder()
	if _, err := openStore(t, path).Insert(t.Context(), order, "k", []byte("cart")); err != nil {
		t.Fatal(err)
	}
	other := openStore(t, path)
	got, err := other.Order(t.Context(), "ann", order.ID)
	if err != nil || !reflect.DeepEqual(got, order) {
		t.Errorf("got %+v, %v, want %+v", got, err, order)
	}
	order.Replayed = true
	got, err = other.Replay(t.Context(), "ann", "k", []byte("cart"))
	if err != nil || !reflect.DeepEqual(got, order) {
		t.Errorf("the replay is %+v, %v, want %+v", got, err, order)
	}
}

func TestIdempotencyKey(t *testing.T) {
	store := openStore(t, filepath.Join(t.TempDir(), "orders.db"))
	first := newOrder()
	if _, err := store.Insert(t.Context(), first, "k", []byte("cart")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		customer, key, cart string
		want                error
		replayed            bool
	}{
		"the same":         {"ann", "k", "cart", nil, true},
		"another cart":     {"ann", "k", "trolley", endpoint.ErrConflict, false},
		"another key":      {"ann", "l", "cart", nil, false},
		"another customer": {"bob", "k", "cart", nil, false},
		"no key":           {"ann", "", "cart", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := count(t, store)
			order := newOrder()
			order.Customer = tt.customer
			got, err := store.Insert(t.Context(), order, tt.key, []byte(tt.cart))
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			stored := tt.want == nil && !tt.replayed
			if added := count(t, store) - before; (added == 1) != stored {
				t.Errorf("%d orders were added", added)
			}
			if got.Replayed != tt.replayed || tt.replayed && got.ID != first.ID {
				t.Errorf("got order %s, replayed %v", got.ID, got.Replayed)
			}
		})
	}
}

// TestOrderIsStoredAsAWhole has the second line fail.
func TestOrderIsStoredAsAWhole(t *testing.T) {
	store := openStore(t, filepath.Join(t.TempDir(), "orders.db"))
	order := newOrder()
	order.Lines[1].Quantity = 0
	if _, err := store.Insert(t.Context(), order, "k", []byte("cart")); err == nil {
		t.Fatal("a line without a quantity was stored")
	}
	if n := count(t, store); n != 0 {
		t.Errorf("%d orders are stored", n)
	}
	if _, err := store.Replay(t.Context(), "ann", "k", []byte("cart")); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("the key is answered by %v, want not found", err)
	}
}

// TestPragmas holds what the promise rests on: a log ahead of the file, and a sync with each commit.
func TestPragmas(t *testing.T) {
	store := openStore(t, filepath.Join(t.TempDir(), "orders.db"))
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "2000", "foreign_keys": "1",
	} {
		for _, db := range []*sql.DB{store.write, store.read} {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q, %v, want %s", name, got, err, want)
			}
		}
	}
}

func TestOrderOfOthersIsNotFound(t *testing.T) {
	store := openStore(t, filepath.Join(t.TempDir(), "orders.db"))
	order := newOrder()
	if _, err := store.Insert(t.Context(), order, "", nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range [][2]string{{"bob", order.ID}, {"ann", "other"}, {"", order.ID}} {
		if _, err := store.Order(t.Context(), tt[0], tt[1]); !errors.Is(err, endpoint.ErrNotFound) {
			t.Errorf("order %s of %q: error %v, want not found", tt[1], tt[0], err)
		}
	}
}

// TestOneKeyAtTwoStores has two stores on one file, like two processes, take the same orders at once.
func TestOneKeyAtTwoStores(t *testing.T) {
	const keys, tries = 20, 4
	path := filepath.Join(t.TempDir(), "orders.db")
	var opening sync.WaitGroup
	var stores [2]*Store
	for i := range stores {
		opening.Go(func() { stores[i] = openStore(t, path) }) // they create the file together
	}
	opening.Wait()
	ids := make([]sync.Map, keys)
	var work sync.WaitGroup
	for n := range keys * tries {
		work.Go(func() {
			key := n % keys
			order, err := insertPatiently(t.Context(), stores[n/keys%2], fmt.Sprint(key))
			if err != nil {
				t.Error(err)
				return
			}
			ids[key].Store(order.ID, true)
		})
	}
	work.Wait()
	for key := range ids {
		n := 0
		ids[key].Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("key %d was answered by %d orders", key, n)
		}
	}
	if n := count(t, stores[0]); n != keys {
		t.Errorf("%d orders are stored, want %d", n, keys)
	}
}

// insertPatiently tries again, as a client does, where the other store keeps the file busy: a commit
// takes as long as the disk.
func insertPatiently(ctx context.Context, store *Store, key string) (orders.Order, error) {
	for {
		order, err := store.Insert(ctx, newOrder(), key, []byte("cart"))
		if !errors.Is(err, endpoint.ErrUnavailable) {
			return order, err
		}
	}
}

func TestFileThatCannotBeUsed(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "missing", "orders.db")); err == nil {
		t.Error("a file in a missing folder was opened")
	}
	store := openStore(t, filepath.Join(t.TempDir(), "orders.db"))
	if err := store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	store.Close()
	if err := store.Ping(t.Context()); err == nil {
		t.Error("a closed store is well")
	}
}

// TestOpenDoesNotWaitForWriters opens a file again while another process has a transaction open.
func TestOpenDoesNotWaitForWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.db")
	tx, err := openStore(t, path).write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := openStore(t, path).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTransactionOfACallThatEnded is unavailable, too: the order is not stored.
func TestTransactionOfACallThatEnded(t *testing.T) {
	store := openStore(t, filepath.Join(t.TempDir(), "orders.db"))
	tx, err := store.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tx.Rollback() // as database/sql does when the context ends
	if err := failure(tx.Commit()); !errors.Is(err, endpoint.ErrUnavailable) {
		t.Errorf("error %v, want unavailable", err)
	}
}

// TestStoreThatIsBusy is unavailable, which callers try again elsewhere or later.
func TestStoreThatIsBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.db")
	store, other := openStore(t, path), openStore(t, path)
	if _, err := other.write.ExecContext(t.Context(), "PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	tx, err := store.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := other.Insert(t.Context(), newOrder(), "k", nil); !errors.Is(err, endpoint.ErrUnavailable) {
		t.Errorf("error %v, want unavailable", err)
	}
}
