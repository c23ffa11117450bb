package syncer

import (
	"sync/atomic"
	"time"
)

// counters are what a long piece of work counts as it goes.
type counters struct {
	files, bytes           atomic.Int64
	totalFiles, totalBytes atomic.Int64
	fresh                  func() int64 // bytes of content that were not stored before; nil: none are counted
	current, phaseName     atomic.Value // string
}

func (c *counters) now(folder string, started time.Time) Progress {
	text := func(v *atomic.Value) string { s, _ := v.Load().(string); return s }
	p := Progress{
		Phase: text(&c.phaseName), Folder: folder, Current: text(&c.current), Files: c.files.Load(), Bytes: c.bytes.Load(),
		TotalFiles: c.totalFiles.Load(), TotalBytes: c.totalBytes.Load(), Started: started,
	}
	if c.fresh != nil {
		p.New = c.fresh()
	}
	return p
}

// reportEvery is how often progress is told.
const reportEvery = 200 * time.Millisecond

// tell calls r with the present values until stop is called, and once more then.
func (c *counters) tell(r Report, folder string, started time.Time) (stop func()) {
	if r == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(reportEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				r(c.now(folder, started))
			case <-done:
				r(c.now(folder, started))
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}
