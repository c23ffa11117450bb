package node_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// random returns n blocks of size bytes that are on no storage.
func random(n, size int) []node.Block {
	blocks := make([]node.Block, n)
	for i := range blocks {
		data := make([]byte, size)
		copy(data, time.Now().String())
		data[size-1] = byte(i)
		blocks[i] = nodetest.Raw(data)
	}
	return blocks
}

// limited returns a client of d with a meter.
func limited(t *testing.T, d *nodetest.Daemon, m *node.Meter) *node.Kubo {
	t.Helper()
	k, err := node.Dial(node.Options{URL: d.URL, Token: d.Token, Meter: m})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// Two storages share the limit, each with several calls at once.
func TestLimitsHoldOnRealStorages(t *testing.T) {
	const up, down = 4_000_000, 5_000_000
	var m node.Meter
	m.SetLimits(up, down)
	d, e := nodetest.StartKubo(t), nodetest.StartKubo(t)
	kubos := []*node.Kubo{limited(t, d, &m), limited(t, e, &m)}
	blocks := random(12, 1<<20)
	all := func(call func(k *node.Kubo, b node.Block) error) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for i, b := range blocks {
			wg.Go(func() {
				if err := call(kubos[i%len(kubos)], b); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	check := func(way string, bytes, limit int64, took time.Duration) {
		share := float64(bytes) / float64(limit) / took.Seconds()
		t.Logf("%s: %d bytes in %v, %.1f %% of the limit", way, bytes, took, 100*share)
		// A busy machine may do less, never more; with a clock that keeps time, see meter_test.go, it is 5 % both ways.
		if bytes < int64(len(blocks))<<20 || share > 1.05 || share < 0.7 {
			t.Errorf("%s: not within the limit", way)
		}
	}
	took := all(func(k *node.Kubo, b node.Block) error { return k.Put(t.Context(), []node.Block{b}) })
	check("up", m.Sent(), up, took)
	before := m.Received()
	took = all(func(k *node.Kubo, b node.Block) error {
		_, err := k.Get(t.Context(), b.CID)
		return err
	})
	check("down", m.Received()-before, down, took)
	if sent, received := kubos[0].Sent()+kubos[1].Sent(), kubos[0].Received()+kubos[1].Received(); sent != m.Sent() || received != m.Received() {
		t.Errorf("each for itself they sent %d and received %d bytes, together %d and %d", sent, received, m.Sent(), m.Received())
	}
}

// The story: at 20 kB/s a pack takes an hour, and every call used to have an end after minutes.
func TestASlowLimitIsNoTimeout(t *testing.T) {
	d := nodetest.StartKubo(t)
	var m node.Meter
	m.SetLimits(64<<10, 64<<10)
	k := limited(t, d, &m)
	node.Hurry(k, 700*time.Millisecond, 300*time.Millisecond)
	blocks := random(3, 64<<10)
	start := time.Now()
	var wg sync.WaitGroup
	for _, b := range blocks {
		wg.Go(func() {
			if err := k.Import(t.Context(), b.CID, []node.Block{b}); err != nil {
				t.Errorf("upload: %v", err)
			}
			if _, err := k.Get(t.Context(), b.CID); err != nil {
				t.Errorf("download: %v", err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took < 4*time.Second {
		t.Errorf("it took only %v: that shows nothing", took)
	}
}

// The engine asks for pins and writes pointers while packs are on their way; at home that is an uplink for hours.
func TestSmallCallsAreQuickBesideALimitedUpload(t *testing.T) {
	d := nodetest.StartKubo(t)
	var m node.Meter
	m.SetLimits(100_000, 100_000)
	k := limited(t, d, &m)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, b := range random(8, 2<<20) {
		wg.Go(func() {
			if err := k.Put(ctx, []node.Block{b}); !errors.Is(err, context.Canceled) {
				t.Errorf("the upload did not last: %v", err)
			}
		})
	}
	for m.Sent() < 8*(17<<10) && !t.Failed() { // past the heads
		time.Sleep(50 * time.Millisecond)
	}
	var worst time.Duration
	for range 10 {
		start := time.Now()
		if _, err := k.Pins(t.Context()); err != nil {
			t.Error(err)
		}
		worst = max(worst, time.Since(start))
	}
	t.Logf("the slowest took %v", worst)
	if worst > time.Second {
		t.Errorf("a list of pins took %v", worst)
	}
	cancel()
	wg.Wait()
}

// A limit of ours hides no storage that has died.
func TestSilenceEndsInTimeoutWithALimitToo(t *testing.T) {
	quit := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-quit }))
	defer silent.Close()
	defer close(quit)
	var m node.Meter
	m.SetLimits(20_000, 20_000)
	k := dial(t, node.Options{URL: silent.URL, Meter: &m})
	node.Hurry(k, time.Hour, 200*time.Millisecond)
	for method, call := range calls(k) {
		if err := call(t.Context()); !errors.Is(err, node.ErrTimeout) {
			t.Errorf("%s: got %v, want ErrTimeout", method, err)
		}
	}
}

func TestTheStorageIsToldHowSlowWeAre(t *testing.T) {
	var m node.Meter
	told := make(chan time.Duration, 2)
	k := dial(t, node.Options{Meter: &m, URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		timeout, err := time.ParseDuration(r.URL.Query().Get("timeout"))
		if err != nil {
			t.Error(err)
		}
		told <- timeout
		w.WriteHeader(http.StatusForbidden)
	})})
	put := func() time.Duration {
		if err := k.Put(t.Context(), random(64, 1<<20)); !errors.Is(err, node.ErrUnauthorized) {
			t.Errorf("got %v", err)
		}
		return <-told
	}
	fast := put()
	m.SetLimits(20_000, 0)
	if slow := put(); slow < fast+64<<20/20_000*time.Second {
		t.Errorf("it would give up after %v, and after %v without a limit", slow, fast)
	}
}

func TestEndingACallThatWaitsForALimitIsQuick(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "block/get") {
			w.Header().Set("Content-Type", "application/vnd.ipld.raw")
			w.Write(make([]byte, 1<<20))
			return
		}
		io.Copy(io.Discard, r.Body)
	}
	secure := httptest.NewTLSServer(http.HandlerFunc(h))
	defer secure.Close()
	sum := sha256.Sum256(secure.Certificate().Raw)
	for _, opts := range []node.Options{{URL: serve(t, h)}, {URL: secure.URL, TLSFingerprint: hex.EncodeToString(sum[:])}} {
		var m node.Meter
		m.SetLimits(50_000, 50_000)
		opts.Meter = &m
		k := dial(t, opts)
		node.Hurry(k, time.Hour, time.Hour)
		block := random(1, 1<<20)[0]
		for name, call := range map[string]func(context.Context) error{
			"upload":   func(ctx context.Context) error { return k.Put(ctx, []node.Block{block}) },
			"download": func(ctx context.Context) error { _, err := k.Get(ctx, block.CID); return err },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			var ended time.Time
			timer := time.AfterFunc(time.Second, func() {
				ended = time.Now()
				cancel()
			})
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s from %s: got %v", name, opts.URL, err)
			}
			if timer.Stop() {
				t.Fatalf("%s from %s was not slow", name, opts.URL)
			}
			if took := time.Since(ended); took > 500*time.Millisecond {
				t.Errorf("%s from %s: it took %v to end", name, opts.URL, took)
			}
			cancel()
		}
	}
}

func TestTheStorageOnThisComputerIsCountedButNotSlowed(t *testing.T) {
	var m node.Meter
	m.SetLimits(node.SlowestLimit, node.SlowestLimit)
	storage, err := node.StartManaged(t.Context(), node.ManagedOptions{
		Dir: filepath.Join(t.TempDir(), "storage"), Binary: nodetest.Binary(t), Meter: &m,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := storage.Close(); err != nil {
			t.Error(err)
		}
	}()
	k := storage.Node()
	start := time.Now()
	b := random(1, 1<<20)[0]
	if err := k.Put(t.Context(), []node.Block{b}); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get(t.Context(), b.CID); err != nil || !bytes.Equal(got, b.Data) {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Minute { // it would be eight
		t.Errorf("it took %v", took)
	}
	for way, bytes := range map[string]int64{"sent": m.Sent(), "received": m.Received()} {
		if bytes < 1<<20 || bytes > 1<<20+64<<10 {
			t.Errorf("%d bytes %s for one of %d", bytes, way, 1<<20)
		}
	}
	if k.Sent() != m.Sent() || k.Received() != m.Received() {
		t.Errorf("the storage counted %d and %d, the meter %d and %d", k.Sent(), k.Received(), m.Sent(), m.Received())
	}
}
