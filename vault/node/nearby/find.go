package nearby

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/zeroconf/v2"
)

// ErrNoNetwork: this computer is in no network in which anything could be found.
var ErrNoNetwork = errors.New("this computer is in no network that can be searched")

const (
	// Patience is how long a search takes: what is there answers within a second, and a
	// question that was lost, as happens in a radio network, is asked again.
	Patience = 5 * time.Second

	askAgain    = 2 * time.Second // the question is sent that often
	mostBoxes   = 64              // found at most
	mostAnswers = 1000            // read at most: then somebody floods the network
)

// Find looks for storages for as long as patience, and lists them by name. Errors: ErrNoNetwork; that of ctx.
func Find(ctx context.Context, patience time.Duration) ([]Box, error) {
	looking, stop := context.WithTimeout(ctx, patience)
	defer stop()
	s := &search{found: map[string]Box{}, stop: stop}
	var group sync.WaitGroup
	for _, kind := range []zeroconf.IPType{zeroconf.IPv4, zeroconf.IPv6} { // apart, since a computer may lack either
		group.Go(func() { s.ask(looking, kind) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if s.asked == 0 {
		return nil, fmt.Errorf("%w: %w", ErrNoNetwork, errors.Join(s.failed...))
	}
	out := make([]Box, 0, len(s.found))
	for _, b := range s.found {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b Box) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return out, nil
}

// search is one search on its way.
type search struct {
	stop func() // before patience ends

	mu      sync.Mutex     // guards below
	found   map[string]Box // by fingerprint
	answers int
	asked   int     // how often a question was sent and its answers were waited for
	failed  []error // why it could not be
}

// ask sends the question again and again over one kind of IP, until ctx ends or that is not possible.
func (s *search) ask(ctx context.Context, kind zeroconf.IPType) {
	for ctx.Err() == nil {
		if err := s.round(ctx, kind); err != nil {
			s.mu.Lock()
			s.failed = append(s.failed, err)
			s.mu.Unlock()
			return
		}
	}
}

// round sends the question once, and reads the answers. The library sends on a channel without looking whether ctx has ended
// and closes it only when it could begin, so it is read until the call returns.
func (s *search) round(ctx context.Context, kind zeroconf.IPType) error {
	ctx, cancel := context.WithTimeout(ctx, askAgain)
	defer cancel()
	entries, over := make(chan *zeroconf.ServiceEntry), make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case e, open := <-entries:
				if !open {
					return
				}
				s.read(e)
			case <-over:
				return
			}
		}
	})
	err := zeroconf.Browse(ctx, Service, domain, entries, zeroconf.SelectIPTraffic(kind))
	close(over)
	reader.Wait()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return nil
}

// read takes one answer, whoever sent it.
func (s *search) read(e *zeroconf.ServiceEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers++; s.answers > mostAnswers {
		s.stop()
		return
	}
	b, ok := read(e.Text, e.Port, append(slices.Clone[[]net.IP](e.AddrIPv4), e.AddrIPv6...))
	if !ok {
		return
	}
	was, known := s.found[b.Fingerprint]
	if !known && len(s.found) >= mostBoxes {
		return
	}
	if known {
		b = was.merge(b)
	}
	s.found[b.Fingerprint] = b
}
