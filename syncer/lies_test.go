package syncer

import (
	"context"
	"fmt"
	"testing"
	"time"

	"roost/vault/node/nodetest"
)

// TestOneFaultAnywhereLosesNothing: each call of a backup in turn fails, loses its answer, is a lie, or hangs until somebody
// stops waiting. A backup that reports success has saved everything, and the next one without faults always has.
func TestOneFaultAnywhereLosesNothing(t *testing.T) {
	kinds := map[string]nodetest.Kind{"fails": nodetest.Fail, "loses its answer": nodetest.FailAfter, "lies": nodetest.Lie, "hangs": nodetest.Hang}
	for what, kind := range kinds {
		for _, method := range []string{"Info", "Import", "Put", "Get", "Stat", "PinAdd", "PinUpdate", "PinRemove", "Pins", "Pinned", "Link", "Unlink", "List"} {
			t.Run(method+" "+what, func(t *testing.T) {
				t.Parallel()
				for call := 1; call < 60; call++ {
					if !oneFault(t, nodetest.Fault{Method: method, Call: call, Kind: kind}) {
						return
					}
				}
			})
		}
	}
}

// hangPatience is how long a backup may take of which one call hangs; without that it takes a tenth.
const hangPatience = 500 * time.Millisecond

// oneFault backs up once without and once with the fault; false when the second backup made fewer calls.
func oneFault(t *testing.T, fault nodetest.Fault) bool {
	t.Helper()
	m, secret := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", noise(1, 200_000))
	added(t, e, src)
	backup(t, e)
	write(t, src+"/b", noise(2, 300_000))
	f := nodetest.NewFaulty(m, 1, fault)
	e = reopen(t, e, f)
	ctx, cancel := t.Context(), context.CancelFunc(func() {})
	if fault.Kind == nodetest.Hang {
		ctx, cancel = context.WithTimeout(ctx, hangPatience)
	}
	_, err := e.Backup(ctx, nil, nil)
	cancel()
	if f.Calls(fault.Method) < fault.Call {
		return false
	}
	f.Script()
	if gcErr := m.GC(t.Context()); gcErr != nil {
		t.Fatal(gcErr)
	}
	if err == nil {
		sameContents(t, recovered(t, m, secret), onDisk(t, src))
	}
	e = reopen(t, e, m)
	backup(t, e)
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
	if t.Failed() {
		t.Fatalf("with the fault %+v, whose backup said %v", fault, err)
	}
	return true
}

// TestStorageThatDropsBlocksIsFoundOut: it says that it keeps everything and loses a part. No backup reports what is not
// there without verify saying so, and with an honest storage all is well again.
func TestStorageThatDropsBlocksIsFoundOut(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m, secret := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, testEntropy(t)
			f := nodetest.NewFaulty(m, seed, nodetest.Fault{Method: "Import", Kind: nodetest.Drop, Rate: 0.2})
			e := testEngine(t, f, secret)
			src := t.TempDir()
			sample(t, src, seed)
			write(t, src+"/big", noise(seed+77, 6<<20))
			added(t, e, src)
			_, err := e.Backup(t.Context(), nil, nil)
			if err == nil {
				whole := true
				for _, p := range packsOf(t, e) {
					if _, err := f.Stat(t.Context(), p.Digest.RawCID()); err != nil {
						whole = false
					}
				}
				c, err := e.Verify(t.Context(), 100, nil)
				if err != nil {
					t.Fatal(err)
				}
				if c.OK != whole {
					t.Errorf("all packs are there: %v, and verify says %v", whole, c.OK)
				}
			}
			f.Script()
			for range 3 {
				if _, err = e.Backup(t.Context(), nil, nil); err == nil {
					break
				}
			}
			if err != nil {
				t.Fatalf("with an honest storage: %v", err)
			}
			c, err := e.Verify(t.Context(), 100, nil)
			if err == nil && !c.OK {
				backup(t, e)
			}
			sameContents(t, recovered(t, f, secret), onDisk(t, src))
		})
	}
}
